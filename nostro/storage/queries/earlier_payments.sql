-- Payments to these payees or accounts with these amounts that moved money or still may, from every
-- source: with an invoice that could be one of those asked for (its digits without zeros, sorted,
-- as nostro.domain.policies.duplicates.signature), or without any, for one of these days; and the
-- newest with other invoices, as many as make an amount routine. One look into an index for each:
-- OFFSET 0 keeps PostgreSQL from a join, whose plan is bad before there are statistics.
WITH alike AS (
    SELECT 'payee ' || asked.payee AS place, o.* FROM unnest(%(payees)s::text[], %(payee_amounts)s::bigint[]) AS asked (payee, minor)
    CROSS JOIN LATERAL (
        SELECT id, number, source, payee_number, creditor_iban || creditor_account AS account, amount_minor, currency,
            requested_date, state, invoices, remittance, creditor_reference, confidential
        FROM payment_order
        WHERE tenant_id = (SELECT %(tenant_id)s::uuid)
          AND payee_number = asked.payee AND amount_minor = asked.minor
        OFFSET 0
    ) AS o
    UNION ALL
    SELECT 'account ' || asked.iban AS place, o.* FROM unnest(%(ibans)s::text[], %(iban_amounts)s::bigint[]) AS asked (iban, minor)
    CROSS JOIN LATERAL (
        SELECT id, number, source, payee_number, creditor_iban || creditor_account AS account, amount_minor, currency,
            requested_date, state, invoices, remittance, creditor_reference, confidential
        FROM payment_order
        WHERE tenant_id = (SELECT %(tenant_id)s::uuid)
          AND creditor_iban = asked.iban AND amount_minor = asked.minor
        OFFSET 0
    ) AS o
    UNION ALL
    SELECT 'account ' || asked.account AS place, o.* FROM unnest(%(locals)s::text[], %(local_amounts)s::bigint[]) AS asked (account, minor)
    CROSS JOIN LATERAL (
        SELECT id, number, source, payee_number, creditor_iban || creditor_account AS account, amount_minor, currency,
            requested_date, state, invoices, remittance, creditor_reference, confidential
        FROM payment_order
        WHERE tenant_id = (SELECT %(tenant_id)s::uuid)
          AND creditor_account <> '' AND creditor_account = asked.account AND amount_minor = asked.minor
        OFFSET 0
    ) AS o
), signed AS MATERIALIZED (
    SELECT alike.*, ARRAY(
        SELECT (
            SELECT coalesce(string_agg(digit, '' ORDER BY digit), '')
            FROM regexp_split_to_table(
                regexp_replace(normalize(i.invoice, NFKC), '[^1-9]', '', 'g'), ''
            ) AS digit
        )
        FROM unnest(invoices) AS i (invoice)
    ) AS signatures
    FROM alike
    WHERE requested_date >= %(since)s AND state <> ALL(%(never_paid)s::text[])
), others AS (
    SELECT id, row_number() OVER (
        PARTITION BY place, amount_minor, currency, confidential
        ORDER BY requested_date DESC, id DESC
    ) AS nth
    FROM (
        SELECT DISTINCT ON (place, amount_minor, currency, confidential, digits) *
        FROM signed CROSS JOIN LATERAL unnest(signatures) AS digits
        WHERE requested_date >= %(routine_since)s
        ORDER BY place, amount_minor, currency, confidential, digits, requested_date DESC, id DESC
    ) AS one_of_each
)
SELECT DISTINCT ON (id) number, source, payee_number, account, amount_minor, currency,
    requested_date, state, invoices, confidential,
    coalesce(nullif(remittance, ''), creditor_reference) AS text
FROM signed
WHERE invoices && %(invoices)s::text[]
   OR signatures && %(signatures)s::text[]
   OR (cardinality(invoices) = 0 AND requested_date = ANY(%(days)s::date[]))
   OR id IN (SELECT id FROM others WHERE nth <= %(routine_from)s)
ORDER BY id
