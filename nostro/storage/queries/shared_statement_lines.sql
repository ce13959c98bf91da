-- Which statements of an account share lines, how many and of what sum: those lines that some of
-- the named statements had found told before them.
WITH touched AS (
    SELECT DISTINCT t.dedupe_digest AS line
    FROM repeated_line r JOIN bank_transaction t ON t.id = r.transaction_id
    WHERE r.statement_id = ANY(%(statements)s::uuid[])
), copies AS (
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
)
SELECT a.statement_id AS one, b.statement_id AS other,
       sum(least(a.copies, b.copies))::bigint AS lines,
       sum(least(a.copies, b.copies) * a.minor)::bigint AS minor,
       bool_and(a.referenced) AS referenced
FROM copies a JOIN copies b ON b.line = a.line AND a.statement_id < b.statement_id
GROUP BY a.statement_id, b.statement_id
ORDER BY a.statement_id, b.statement_id
