-- Note what the source of each order has been told.
UPDATE payment_order o SET told_source = told.mark
FROM unnest(%(ids)s::uuid[], %(marks)s::text[]) AS told (id, mark)
WHERE o.tenant_id = (SELECT %(tenant_id)s::uuid) AND o.id = told.id
