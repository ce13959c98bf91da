-- A customer's signed statements after a number, in order.
SELECT number, statement, signature FROM audit_statement
WHERE tenant_id = %(tenant_id)s AND number > %(after)s ORDER BY number
