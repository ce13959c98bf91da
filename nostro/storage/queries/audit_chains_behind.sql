-- Customers whose chain grew since it was last signed, and whose last statement is old enough (as
-- nostro_ops).
SELECT c.id FROM customer c
JOIN LATERAL (
    SELECT position FROM seal_batch b WHERE b.tenant_id = c.id ORDER BY position DESC LIMIT 1
) grown ON true
LEFT JOIN LATERAL (
    SELECT position, made_at FROM audit_statement s
    WHERE s.tenant_id = c.id ORDER BY number DESC LIMIT 1
) signed ON true
WHERE signed.position IS NULL
   OR (signed.position < grown.position AND signed.made_at <= %(since)s)
ORDER BY c.id
