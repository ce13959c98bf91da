-- The first checkpoint of a customer that covers a position; or the one of this number.
SELECT number, statement, signature FROM audit_statement
WHERE tenant_id = %(tenant_id)s AND kind = 'checkpoint'
  AND CASE WHEN %(number)s = 0 THEN position >= %(position)s ELSE number = %(number)s END
ORDER BY number
LIMIT 1
