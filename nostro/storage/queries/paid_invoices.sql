-- Payments of these invoices to these payees that moved money or still may, from every source.
SELECT o.number, o.payee_number, i.invoice, o.amount_minor, o.currency, o.requested_date
FROM payment_order o
CROSS JOIN LATERAL unnest(o.invoices) AS i (invoice)
JOIN unnest(%(payees)s::text[], %(invoices)s::text[]) AS asked (payee_number, invoice)
    ON asked.payee_number = o.payee_number AND asked.invoice = i.invoice
WHERE o.tenant_id = %(tenant_id)s
  AND o.requested_date >= %(since)s
  AND o.state <> ALL(%(never_paid)s::text[])
ORDER BY o.number
