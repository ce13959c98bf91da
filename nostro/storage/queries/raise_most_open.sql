-- Older lists may have told that more was open than any later one did.
UPDATE open_item i SET most_minor = t.most_minor, open_minor = t.open_minor
FROM jsonb_to_recordset(%(items)s::jsonb) AS t (id uuid, most_minor bigint, open_minor bigint)
WHERE i.tenant_id = (SELECT %(tenant_id)s::uuid) AND i.id = t.id
