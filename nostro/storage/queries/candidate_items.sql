-- Open items as the stages of matching want to see them.
SELECT i.id, i.kind, i.document, i.instalment, i.further_references, i.customer_number,
    i.parent_number, i.customer_name, i.payer_iban, i.open_minor, i.currency,
    i.issue_date - date '1970-01-01' AS issue, i.due_date - date '1970-01-01' AS due,
    i.discount_minor, i.discount_until - date '1970-01-01' AS until
FROM open_item i
WHERE i.tenant_id = (SELECT %(tenant_id)s::uuid) AND i.id = ANY((%(ids)s)::uuid[])
    AND i.open_minor <> 0
