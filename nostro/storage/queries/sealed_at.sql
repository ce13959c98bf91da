-- The sealed events at these positions, in their order.
SELECT s.position, s.hash, s.sealed_at, e.id, e.type, e.subject_kind, e.subject_id, e.actor,
       e.occurred_at, e.data, e.on_behalf_of, e.reason, e.trace_id, e.source_address
FROM event_seal s
JOIN event e
    ON e.tenant_id = s.tenant_id AND e.id = s.event_id AND e.occurred_at = s.occurred_at
WHERE s.tenant_id = %(tenant_id)s AND s.position = ANY(%(positions)s)
ORDER BY s.position
