-- Open items as the stages of matching want to see them; who pays for a customer stands in the item,
-- else in his master data.
SELECT i.id, i.kind, i.document, i.instalment, i.further_references, i.customer_number,
    coalesce(nullif(i.parent_number, ''), d.parent_number, '') AS parent_number, i.customer_name, i.payer_iban, i.open_minor, i.currency,
    i.issue_date - date '1970-01-01' AS issue, i.due_date - date '1970-01-01' AS due,
    i.discount_minor, i.discount_until - date '1970-01-01' AS until
FROM open_item i
LEFT JOIN debtor d ON d.tenant_id = i.tenant_id AND d.entity_id = i.entity_id
    AND d.number = i.customer_number
WHERE i.tenant_id = (SELECT %(tenant_id)s::uuid) AND i.id = ANY((%(ids)s)::uuid[])
    AND i.open_minor <> 0
