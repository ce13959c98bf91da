-- The changes of a customer's signing key, in order.
SELECT number, statement, signature FROM audit_statement
WHERE tenant_id = %(tenant_id)s AND kind = 'key_change' ORDER BY number
