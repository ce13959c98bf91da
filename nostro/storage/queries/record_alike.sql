-- Append one event about each of many subjects and queue them for sealing; as record_events. What
-- is the same for all of them is told once; `own` is a list of what each says besides, or empty.
WITH written AS (
    INSERT INTO event (tenant_id, id, occurred_at, type, subject_kind, subject_id, actor, data,
                       on_behalf_of, reason, trace_id, source_address)
    SELECT %(tenant_id)s, e.id, %(occurred_at)s, %(type)s, %(subject_kind)s, e.subject_id,
           %(actor)s::jsonb,
           CASE WHEN e.own IS NULL THEN %(said)s::jsonb ELSE %(said)s::jsonb || e.own END,
           %(on_behalf_of)s::jsonb, %(reason)s, %(trace_id)s, %(source_address)s
    FROM ROWS FROM (
        unnest(%(ids)s::uuid[]), unnest(%(subjects)s::uuid[]), jsonb_array_elements(%(own)s::jsonb)
    ) AS e (id, subject_id, own)
    RETURNING id, occurred_at
)
INSERT INTO unsealed (tenant_id, event_id, occurred_at)
SELECT %(tenant_id)s, id, occurred_at FROM written
