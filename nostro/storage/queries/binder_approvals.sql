-- Payments made in the period, by whom, and who approved them; no payee, no amount.
SELECT o.number, o.created_at, o.state, o.source, o.maker_name AS made_by,
       count(a.id) FILTER (WHERE a.voided_at IS NULL) AS approvals,
       string_agg(a.person_name, '; ' ORDER BY a.approved_at)
           FILTER (WHERE a.voided_at IS NULL) AS approved_by,
       COALESCE(bool_or(a.person_id = o.maker_id), false) AS approved_by_its_maker
FROM payment_order o LEFT JOIN approval a ON a.order_id = o.id
WHERE o.created_at >= %(since)s AND o.created_at < %(until)s
GROUP BY o.id, o.number, o.created_at, o.state, o.source, o.maker_name
ORDER BY o.created_at, o.number
