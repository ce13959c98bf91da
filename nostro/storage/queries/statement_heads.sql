-- Statements of a series of an account that have days in common with a period, and how many lines
-- each tells, whether or not another one had told them before.
SELECT s.id, s.statement_id AS name, s.from_day AS first, s.to_day AS last,
       CASE WHEN s.verdict = 'closes' THEN s.opening_minor END AS opening,
       CASE WHEN s.verdict = 'closes' THEN s.closing_minor END AS closing,
       (SELECT count(*) FROM bank_transaction t WHERE t.statement_id = s.id)
       + (SELECT count(*) FROM repeated_line r WHERE r.statement_id = s.id) AS lines
FROM statement s
WHERE s.account_id = %(account)s AND s.kind = %(kind)s
  AND (s.id = ANY(%(named)s::uuid[]) OR (s.from_day <= %(last)s AND s.to_day >= %(first)s))
ORDER BY s.to_day, s.from_day, s.statement_id, s.content
