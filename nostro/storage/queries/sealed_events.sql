-- A customer's chain from a position on, each seal with the event it covers, if that still exists.
SELECT s.position, s.event_id, s.previous_hash, s.hash,
       e.id, e.type, e.subject_kind, e.subject_id, e.actor, e.occurred_at, e.data
FROM event_seal s
LEFT JOIN event e
    ON e.tenant_id = s.tenant_id AND e.id = s.event_id AND e.occurred_at = s.occurred_at
WHERE s.tenant_id = %(tenant_id)s AND s.position > %(after)s
ORDER BY s.position
LIMIT %(limit)s
