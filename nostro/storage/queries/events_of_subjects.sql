-- Where the events about some things stand in the customer's chain; no position: not sealed yet.
SELECT e.id, e.type, e.subject_id, e.actor->>'id' AS actor_id, s.position,
       e.erased_at IS NOT NULL AS emptied
FROM event e
LEFT JOIN event_seal s ON s.tenant_id = e.tenant_id AND s.event_id = e.id
WHERE e.tenant_id = %(tenant_id)s AND e.subject_id = ANY(%(subjects)s::uuid[])
ORDER BY e.occurred_at, e.id
