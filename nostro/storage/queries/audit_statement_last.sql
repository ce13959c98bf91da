-- The last signed statement of a customer (as nostro_ops).
SELECT number, statement, signature, position FROM audit_statement
WHERE tenant_id = %(tenant_id)s ORDER BY number DESC LIMIT 1
