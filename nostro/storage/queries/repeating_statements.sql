-- Statements of an account that tell lines which others had told before them, and have days in
-- common with a period.
SELECT s.id FROM statement s
WHERE s.account_id = %(account)s AND s.kind = %(kind)s
  AND (s.id = %(statement)s OR (s.from_day <= %(last)s AND s.to_day >= %(first)s))
  AND EXISTS (SELECT FROM repeated_line r WHERE r.statement_id = s.id)
ORDER BY s.id
