-- Position, id and type of the sealed events after a position, a page of them.
SELECT s.position, s.event_id, e.type
FROM event_seal s
JOIN event e
    ON e.tenant_id = s.tenant_id AND e.id = s.event_id AND e.occurred_at = s.occurred_at
WHERE s.tenant_id = %(tenant_id)s AND s.position > %(after)s
ORDER BY s.position
LIMIT %(limit)s
