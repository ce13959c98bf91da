-- Cases opened in the period or still open.
SELECT kind, opened_at, due_at, state, owner_name AS worked_on_by, resolved_at, outcome,
       COALESCE(resolved_at, %(until)s) > due_at AS late
FROM case_file
WHERE opened_at < %(until)s AND (opened_at >= %(since)s OR resolved_at IS NULL)
ORDER BY opened_at
