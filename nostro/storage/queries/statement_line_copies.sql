-- How often each statement tells each line that some of the named statements had told before them.
-- A line is known by its digest; what several statements tell is stored once and repeated.
WITH touched AS (
    SELECT DISTINCT t.dedupe_digest AS line
    FROM repeated_line r JOIN bank_transaction t ON t.id = r.transaction_id
    WHERE r.statement_id = ANY(%(statements)s::uuid[])
)
SELECT touched.line, told.statement_id, count(*) AS copies, min(t.amount_minor) AS minor,
       bool_and(t.bank_reference <> '') AS referenced
FROM touched
JOIN bank_transaction t ON t.account_id = %(account)s AND t.dedupe_digest = touched.line
CROSS JOIN LATERAL (
    SELECT t.statement_id
    UNION ALL
    SELECT r.statement_id FROM repeated_line r WHERE r.transaction_id = t.id
) told
GROUP BY touched.line, told.statement_id
