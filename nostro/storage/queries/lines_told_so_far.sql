-- How often a statement that is still being stored tells each of these lines.
SELECT t.dedupe_digest AS line, count(*) AS copies
FROM bank_transaction t
WHERE t.account_id = (SELECT account_id FROM statement WHERE id = %(statement)s)
  AND t.dedupe_digest = ANY(%(lines)s)
  AND (t.statement_id = %(statement)s OR EXISTS (
      SELECT FROM repeated_line r
      WHERE r.transaction_id = t.id AND r.statement_id = %(statement)s))
GROUP BY t.dedupe_digest
