-- Empty the content of sealed events together with the keys of their commitments.
-- What explains the chain itself, has no key or waits for its seal stays as it is.
UPDATE event e SET actor = e.actor || '{"name": ""}', data = '{}', on_behalf_of = NULL, reason = '',
    trace_id = '', source_address = '', commitment_key = NULL, erased_at = %(now)s
WHERE e.tenant_id = %(tenant_id)s AND e.id = ANY(%(ids)s) AND e.commitment_key IS NOT NULL
  AND NOT (starts_with(e.type, 'audit.') OR starts_with(e.type, 'customer.'))
  AND EXISTS (SELECT 1 FROM event_seal s
              WHERE s.tenant_id = e.tenant_id AND s.event_id = e.id)
RETURNING e.id
