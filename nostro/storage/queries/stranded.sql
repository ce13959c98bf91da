-- What nobody will look at again: rows of payments that are not at their end, with neither a time
-- when they are due (one that is long past counts as none) nor a case that is open.
WITH open_case AS (
    SELECT submission_id, attempt_id, order_id FROM case_file
    WHERE tenant_id = %(tenant_id)s AND state <> 'resolved'
), live_attempt AS (
    SELECT id, submission_id, order_id, state, state_since FROM attempt
    WHERE tenant_id = %(tenant_id)s AND state <> ALL (%(attempt_ends)s)
), watched AS (
    SELECT s.id FROM submission s
    WHERE s.tenant_id = %(tenant_id)s AND (
        s.next_action_at > %(late_since)s
        OR EXISTS (SELECT 1 FROM open_case c WHERE c.submission_id = s.id)
    )
)
SELECT 'submission' AS kind, s.id, s.state, s.state_since
FROM submission s
WHERE s.tenant_id = %(tenant_id)s
  AND s.id NOT IN (SELECT id FROM watched)
  AND s.state <> ALL (%(submission_ends)s)
UNION ALL
SELECT 'attempt', a.id, a.state, a.state_since
FROM live_attempt a
WHERE a.submission_id NOT IN (SELECT id FROM watched)
  AND NOT EXISTS (SELECT 1 FROM open_case c WHERE c.attempt_id = a.id OR c.order_id = a.order_id)
UNION ALL
SELECT 'order', o.id, o.state, o.state_since
FROM payment_order o
WHERE o.tenant_id = %(tenant_id)s AND o.state = ANY (%(order_moving)s)
  AND (o.next_action_at IS NULL OR o.next_action_at <= %(late_since)s)
  AND NOT EXISTS (SELECT 1 FROM live_attempt a WHERE a.order_id = o.id)
  AND NOT EXISTS (
      SELECT 1 FROM issued_check k
      WHERE k.tenant_id = o.tenant_id AND k.order_id = o.id AND k.state = ANY (%(check_waits)s)
  )
  AND NOT EXISTS (SELECT 1 FROM open_case c WHERE c.order_id = o.id)
ORDER BY 4, 2
