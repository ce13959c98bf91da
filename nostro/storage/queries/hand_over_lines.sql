-- Lines of statements that are taken back and that other statements tell too: they are those' now.
WITH heirs AS (
    SELECT DISTINCT ON (r.transaction_id) r.id, r.transaction_id, r.statement_id, r.line
    FROM repeated_line r JOIN bank_transaction t ON t.id = r.transaction_id
    WHERE t.statement_id = ANY(%(statements)s::uuid[])
      AND r.statement_id <> ALL(%(statements)s::uuid[])
    ORDER BY r.transaction_id, r.id
), handed AS (
    UPDATE bank_transaction t SET statement_id = heirs.statement_id, line = heirs.line
    FROM heirs WHERE t.id = heirs.transaction_id
)
DELETE FROM repeated_line r USING heirs WHERE r.id = heirs.id
