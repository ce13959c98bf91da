-- What a source tells of customers, as a JSON list; what was told of a later moment stays. Those
-- that were written, and whether each is new.
INSERT INTO debtor AS d
    (id, tenant_id, entity_id, number, name, parent_number, ibans, further_names, source, told_at)
SELECT t.id, (SELECT %(tenant_id)s::uuid), (SELECT %(entity_id)s::uuid), t.number, t.name,
    t.parent_number, t.ibans, t.further_names, %(source)s, %(told_at)s
FROM jsonb_to_recordset(%(told)s::jsonb) AS t (
    id uuid, number text, name text, parent_number text, ibans jsonb, further_names jsonb
)
ORDER BY t.number
ON CONFLICT (tenant_id, entity_id, number) DO UPDATE SET
    name = EXCLUDED.name, parent_number = EXCLUDED.parent_number, ibans = EXCLUDED.ibans,
    further_names = EXCLUDED.further_names, source = EXCLUDED.source, told_at = EXCLUDED.told_at
WHERE d.told_at < EXCLUDED.told_at
RETURNING d.id, d.number
