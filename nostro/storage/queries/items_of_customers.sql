-- Open items of customers: the oldest of each, and those of exactly an amount that he paid.
SELECT found.id
FROM unnest(%(customers)s::text[]) AS told (customer)
CROSS JOIN LATERAL (
    SELECT i.id FROM open_item i
    WHERE i.tenant_id = (SELECT %(tenant_id)s::uuid) AND i.entity_id = (SELECT %(entity_id)s::uuid)
        AND i.customer_number = told.customer AND i.open_minor <> 0
    ORDER BY i.due_date
    LIMIT %(oldest)s
) found
UNION
SELECT found.id
FROM unnest(%(payers)s::text[], %(amounts)s::bigint[]) AS told (customer, minor)
CROSS JOIN LATERAL (
    SELECT i.id FROM open_item i
    WHERE i.tenant_id = (SELECT %(tenant_id)s::uuid) AND i.entity_id = (SELECT %(entity_id)s::uuid)
        AND i.customer_number = told.customer AND i.open_minor = told.minor AND i.open_minor <> 0
    LIMIT %(equal)s
) found
