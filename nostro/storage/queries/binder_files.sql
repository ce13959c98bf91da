-- Files made in the period and what became of them.
SELECT s.message_id, s.purpose, s.created_at, c.name AS connection, s.state, s.state_since,
       s.line_count, count(t.id) AS attempts, s.tries, s.dispatched_at, s.bank_reference
FROM submission s JOIN connection c ON c.id = s.connection_id
LEFT JOIN attempt t ON t.submission_id = s.id
WHERE s.created_at >= %(since)s AND s.created_at < %(until)s
GROUP BY s.id, s.message_id, s.purpose, s.created_at, c.name, s.state, s.state_since,
         s.line_count, s.tries, s.dispatched_at, s.bank_reference
ORDER BY s.created_at, s.message_id
