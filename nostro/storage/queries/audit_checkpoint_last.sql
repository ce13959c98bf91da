-- The newest checkpoint of a customer.
SELECT number, statement, signature FROM audit_statement
WHERE tenant_id = %(tenant_id)s AND kind = 'checkpoint' ORDER BY number DESC
LIMIT 1
