-- Payments of these amounts to these payees that moved money or still may, from every source, with
-- the asked invoices that they pay; confidential ones without their number. One look into the index for each: OFFSET 0 keeps PostgreSQL
-- from a join, whose plan is bad before there are statistics.
SELECT CASE WHEN o.confidential THEN '' ELSE o.number END AS number, o.payee_number, i.invoice, o.amount_minor, o.currency, o.requested_date,
    o.state
FROM unnest(%(payees)s::text[], %(amounts)s::bigint[]) AS asked (payee_number, amount_minor)
CROSS JOIN LATERAL (
    SELECT number, payee_number, amount_minor, currency, requested_date, state, invoices,
        confidential
    FROM payment_order
    WHERE tenant_id = (SELECT %(tenant_id)s::uuid)
      AND payee_number = asked.payee_number
      AND amount_minor = asked.amount_minor
    OFFSET 0
) AS o
CROSS JOIN LATERAL unnest(o.invoices) AS i (invoice)
WHERE i.invoice = ANY(%(invoices)s::text[])
  AND o.requested_date >= %(since)s
  AND o.state <> ALL(%(never_paid)s::text[])
ORDER BY o.number
