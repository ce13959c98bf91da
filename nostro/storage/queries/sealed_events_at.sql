-- Some entries of a customer's chain by position, each with the event it covers, if that exists.
SELECT s.position, s.event_id, s.previous_hash, s.hash, s.commitment,
       e.id, e.type, e.subject_kind, e.subject_id, e.actor, e.occurred_at, e.data,
       e.on_behalf_of, e.reason, e.trace_id, e.source_address, e.commitment_key, e.erased_at
FROM event_seal s
LEFT JOIN event e
    ON e.tenant_id = s.tenant_id AND e.id = s.event_id AND e.occurred_at = s.occurred_at
WHERE s.tenant_id = %(tenant_id)s AND s.position = ANY(%(positions)s)
ORDER BY s.position
