-- Take back statements whose file turned out unusable, or that had come before, with their lines.
WITH gone AS (
    SELECT unnest(%(statements)s::uuid[]) AS id
), repeated AS (
    DELETE FROM repeated_line r USING gone WHERE r.statement_id = gone.id
), pending AS (
    UPDATE pending_transaction p SET booked_as_id = NULL
    FROM bank_transaction t JOIN gone ON gone.id = t.statement_id WHERE p.booked_as_id = t.id
), lines AS (
    DELETE FROM bank_transaction t USING gone WHERE t.statement_id = gone.id
), balances AS (
    DELETE FROM balance b USING gone WHERE b.statement_id = gone.id
), files AS (
    UPDATE statement_file f SET statement_id = NULL FROM gone WHERE f.statement_id = gone.id
)
DELETE FROM statement s USING gone WHERE s.id = gone.id
