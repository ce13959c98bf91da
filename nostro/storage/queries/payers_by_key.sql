-- Customers whose account, name or parent one of these keys is, by what open items and what their
-- master data say; one more than tell anything.
SELECT told.kind, told.key, found.customer_number
FROM unnest(%(kinds)s::smallint[], %(keys)s::bigint[]) AS told (kind, key)
CROSS JOIN LATERAL (
    (
        SELECT k.customer_number
        FROM payer_key k
        WHERE k.tenant_id = (SELECT %(tenant_id)s::uuid)
            AND k.entity_id = (SELECT %(entity_id)s::uuid)
            AND k.kind = told.kind AND k.key = told.key
        ORDER BY k.customer_number
        LIMIT %(most)s
    )
    UNION
    (
        SELECT d.number
        FROM debtor_key k
        JOIN debtor d ON d.tenant_id = k.tenant_id AND d.id = k.debtor_id
        WHERE k.tenant_id = (SELECT %(tenant_id)s::uuid)
            AND k.entity_id = (SELECT %(entity_id)s::uuid)
            AND k.kind = told.kind AND k.key = told.key
        ORDER BY d.number
        LIMIT %(most)s
    )
    ORDER BY customer_number
    LIMIT %(most)s
) found
