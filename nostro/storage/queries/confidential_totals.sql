-- Confidential payments as everybody may know of them: run by run, or by the day they were handed
-- in, how many stand in which state, and what they come to. One row a run, state and currency.
SELECT r.id AS run_id, o.source, coalesce(r.reference, '') AS reference,
       coalesce(r.received_at, date_trunc('day', o.created_at)) AS received_at,
       o.state, o.currency, min(o.requested_date) AS first_day, max(o.requested_date) AS last_day,
       count(*) AS count, sum(o.amount_minor)::bigint AS minor
FROM payment_order o
LEFT JOIN payment_run r ON r.tenant_id = o.tenant_id AND r.id = o.run_id
WHERE o.tenant_id = %(tenant_id)s AND o.confidential
GROUP BY 1, 2, 3, 4, 5, 6
ORDER BY 4 DESC, 3, 1, 2, 5, 6
LIMIT %(limit)s
