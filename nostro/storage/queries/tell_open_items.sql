-- What a source tells anew of open items that we know, as a JSON list.
UPDATE open_item i SET
    kind = t.kind, customer_number = t.customer_number, customer_name = t.customer_name,
    parent_number = t.parent_number, document_minor = t.document_minor,
    most_minor = t.most_minor, told_minor = t.told_minor, told_at = t.told_at, open_minor = t.open_minor,
    issue_date = t.issue_date, due_date = t.due_date, discount_minor = t.discount_minor,
    discount_until = t.discount_until, currency = t.currency,
    further_references = t.further_references, payer_iban = t.payer_iban
FROM jsonb_to_recordset(%(items)s::jsonb) AS t (
    id uuid, kind text, customer_number text, customer_name text, parent_number text,
    document_minor bigint, most_minor bigint, told_minor bigint, told_at timestamptz, open_minor bigint,
    currency text, issue_date date, due_date date, discount_minor bigint, discount_until date,
    further_references jsonb, payer_iban text
)
WHERE i.tenant_id = (SELECT %(tenant_id)s::uuid) AND i.id = t.id
