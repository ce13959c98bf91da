-- Completeness: what came in, left and was sealed in the period, counted where it is kept.
SELECT 'payments made, ' || state AS what, currency, count(*) AS count, sum(amount_minor) AS minor
FROM payment_order WHERE created_at >= %(since)s AND created_at < %(until)s GROUP BY state, currency
UNION ALL
SELECT 'payments in files, ' || t.state, o.currency, count(*), sum(o.amount_minor)
FROM attempt t JOIN submission s ON s.id = t.submission_id JOIN payment_order o ON o.id = t.order_id
WHERE s.created_at >= %(since)s AND s.created_at < %(until)s GROUP BY t.state, o.currency
UNION ALL
SELECT 'lines that files say they carry', '', sum(line_count), NULL
FROM submission WHERE created_at >= %(since)s AND created_at < %(until)s
UNION ALL
SELECT 'messages and files kept, ' || direction, '', count(*), NULL
FROM evidence WHERE recorded_at >= %(since)s AND recorded_at < %(until)s GROUP BY direction
UNION ALL
SELECT 'booked lines, ' || match_state, currency, count(*), sum(amount_minor)
FROM bank_transaction
WHERE booked >= %(since)s::date AND booked < %(until)s::date GROUP BY match_state, currency
UNION ALL
SELECT 'events in the log', '', count(*), NULL
FROM event WHERE occurred_at >= %(since)s AND occurred_at < %(until)s
UNION ALL
SELECT 'events of them that are sealed', '', count(*), NULL
FROM event_seal WHERE occurred_at >= %(since)s AND occurred_at < %(until)s
ORDER BY 1, 2
