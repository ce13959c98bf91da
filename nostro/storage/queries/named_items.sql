-- Open items of an entity that one of these keys names; of a key in many, some.
SELECT told.kind, told.key, found.id, found.open_minor
FROM unnest(%(kinds)s::smallint[], %(keys)s::bigint[]) AS told (kind, key)
CROSS JOIN LATERAL (
    SELECT i.id, i.open_minor
    FROM open_item_key k
    JOIN open_item i ON i.tenant_id = k.tenant_id AND i.id = k.open_item_id
    WHERE k.tenant_id = (SELECT %(tenant_id)s::uuid) AND k.entity_id = (SELECT %(entity_id)s::uuid)
        AND k.kind = told.kind AND k.key = told.key AND i.open_minor <> 0
    LIMIT %(most)s
) found
