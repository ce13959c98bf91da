-- Each customer with whether a call of his programs is due, or a notice to one of his payees, and
-- how far his log is sealed (as nostro_ops).
SELECT c.tenant_id,
       EXISTS (
           SELECT 1 FROM webhook_delivery d
           WHERE d.tenant_id = c.tenant_id AND d.next_action_at <= %(now)s
       ) AS due,
       EXISTS (
           SELECT 1 FROM advice_notice n
           WHERE n.tenant_id = c.tenant_id AND n.next_action_at <= %(now)s
       ) AS notice_due,
       coalesce((
           SELECT s.position FROM event_seal s
           WHERE s.tenant_id = c.tenant_id ORDER BY s.position DESC LIMIT 1
       ), 0) AS sealed
FROM customer c
