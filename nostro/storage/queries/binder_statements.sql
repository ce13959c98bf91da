-- Statements that came in the period, whether each adds up, and how many of its lines are explained.
SELECT s.received_at, a.name AS account, s.kind, s.statement_id, s.from_day, s.to_day, s.verdict,
       s.verdict_reason, s.entry_count, count(t.id) AS lines_new,
       count(t.id) FILTER (WHERE t.match_state = 'matched') AS lines_explained
FROM statement s JOIN account a ON a.id = s.account_id
LEFT JOIN bank_transaction t ON t.statement_id = s.id
WHERE s.received_at >= %(since)s AND s.received_at < %(until)s
GROUP BY s.id, s.received_at, a.name, s.kind, s.statement_id, s.from_day, s.to_day, s.verdict,
         s.verdict_reason, s.entry_count
ORDER BY s.received_at, s.id
