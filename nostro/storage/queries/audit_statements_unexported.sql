-- A customer's signed statements that have not left the database yet, in order (as nostro_ops).
SELECT number, statement, signature FROM audit_statement
WHERE tenant_id = %(tenant_id)s AND exported_at IS NULL ORDER BY number
