-- The next events of one customer to seal, oldest first (as nostro_ops).
SELECT e.id, e.type, e.subject_kind, e.subject_id, e.actor, e.occurred_at, e.data,
       e.on_behalf_of, e.reason, e.trace_id, e.source_address, e.commitment_key
FROM unsealed u
JOIN event e ON e.tenant_id = u.tenant_id AND e.id = u.event_id AND e.occurred_at = u.occurred_at
WHERE u.tenant_id = %(tenant_id)s
ORDER BY u.occurred_at, u.event_id
LIMIT %(limit)s
