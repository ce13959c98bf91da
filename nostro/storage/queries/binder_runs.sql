-- Deliveries of payments in the period: what each said it has, and what became of its lines.
SELECT r.source, r.reference, r.received_at, r.state, r.maker_name AS brought_by, r.line_count,
       count(l.id) AS lines_kept, count(l.id) FILTER (WHERE l.order_id IS NOT NULL) AS payments
FROM payment_run r LEFT JOIN run_line l ON l.run_id = r.id
WHERE r.received_at >= %(since)s AND r.received_at < %(until)s
GROUP BY r.id, r.source, r.reference, r.received_at, r.state, r.maker_name, r.line_count
ORDER BY r.received_at, r.reference
