-- Payments of these invoices to these payees that moved money or still may, from every source.
-- Two hashed lists instead of a join: its plan is good also before there are statistics.
SELECT o.number, o.payee_number, i.invoice, o.amount_minor, o.currency, o.requested_date
FROM payment_order o, LATERAL unnest(o.invoices) AS i (invoice)
WHERE o.tenant_id = %(tenant_id)s
  AND o.payee_number = ANY(%(payees)s::text[])
  AND i.invoice = ANY(%(invoices)s::text[])
  AND o.requested_date >= %(since)s
  AND o.state <> ALL(%(never_paid)s::text[])
ORDER BY o.number
