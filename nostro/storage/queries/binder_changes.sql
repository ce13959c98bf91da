-- Changes of configuration and access in the log, with their sealed position.
SELECT s.position, e.occurred_at, e.type, e.actor ->> 'name' AS by, e.reason
FROM event e LEFT JOIN event_seal s ON s.event_id = e.id AND s.occurred_at = e.occurred_at
WHERE e.occurred_at >= %(since)s AND e.occurred_at < %(until)s
  AND split_part(e.type, '.', 1) IN
      ('account', 'api_key', 'audit', 'change_request', 'connection', 'customer', 'entity',
       'freeze', 'payee', 'payee_change', 'person', 'webhook')
ORDER BY e.occurred_at, e.id
