-- Append events and queue them for sealing, in the transaction of the change they record.
WITH written AS (
    INSERT INTO event (tenant_id, id, occurred_at, type, subject_kind, subject_id, actor, data,
                       on_behalf_of, reason, trace_id, source_address)
    SELECT %(tenant_id)s, e.id, e.occurred_at, e.type, e.subject_kind, e.subject_id, e.actor, e.data,
           nullif(e.origin->'on_behalf_of', 'null'), e.origin->>'reason', e.origin->>'trace_id',
           e.origin->>'source_address'
    FROM jsonb_to_recordset(%(events)s::jsonb) AS e (
        id uuid, occurred_at timestamptz, type text, subject_kind text, subject_id uuid,
        actor jsonb, data jsonb, origin jsonb
    )
    RETURNING id, occurred_at
)
INSERT INTO unsealed (tenant_id, event_id, occurred_at)
SELECT %(tenant_id)s, id, occurred_at FROM written
