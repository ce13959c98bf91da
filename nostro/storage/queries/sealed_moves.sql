-- What the payments of these sealed positions became, and when, in the order of the log.
SELECT e.subject_id AS order_id, e.occurred_at, coalesce(e.data ->> 'state_after', '') AS state
FROM event_seal s
JOIN event e
    ON e.tenant_id = s.tenant_id AND e.id = s.event_id AND e.occurred_at = s.occurred_at
WHERE s.tenant_id = %(tenant_id)s AND s.position = ANY(%(positions)s)
ORDER BY s.position
