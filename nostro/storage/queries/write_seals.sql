-- Give sealed events their position and take them off the waiting list (as nostro_ops).
WITH sealed AS (
    INSERT INTO event_seal
        (tenant_id, position, event_id, occurred_at, previous_hash, hash, commitment, sealed_at)
    SELECT %(tenant_id)s, s.position, s.event_id, s.occurred_at, s.previous_hash, s.hash,
           s.commitment, %(sealed_at)s
    FROM jsonb_to_recordset(%(seals)s::jsonb) AS s (
        position bigint, event_id uuid, occurred_at timestamptz, previous_hash text, hash text,
        commitment text
    )
    RETURNING event_id
)
DELETE FROM unsealed
WHERE tenant_id = %(tenant_id)s AND event_id IN (SELECT event_id FROM sealed)
