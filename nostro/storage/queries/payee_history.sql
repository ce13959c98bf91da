-- What is known of payees and their accounts: which accounts money went to, whose they are by the
-- newest version of each payee's details, and the last settled amounts. What confidential payments
-- show is told apart. One look into an index for each; OFFSET 0 keeps PostgreSQL from a join.
SELECT
    ARRAY(
        SELECT asked.account FROM unnest(%(accounts)s::text[]) AS asked (account)
        CROSS JOIN LATERAL (
            SELECT FROM payment_order
            WHERE tenant_id = (SELECT %(tenant_id)s::uuid)
              AND (creditor_iban = asked.account
                   OR (creditor_account <> '' AND creditor_account = asked.account))
              AND state = ANY(%(paid)s::text[]) AND (%(sight)s OR NOT confidential)
            LIMIT 1
        ) AS o
    ) AS paid_accounts,
    (
        SELECT coalesce(json_agg(json_build_array(a.number, p.number) ORDER BY p.number), '[]')::text
        FROM (
            SELECT DISTINCT payee_id, iban || local_account AS number FROM payee_account
            WHERE tenant_id = (SELECT %(tenant_id)s::uuid)
              AND (iban = ANY(%(accounts)s::text[]) OR local_account = ANY(%(accounts)s::text[]))
        ) AS a
        JOIN payee AS p ON p.tenant_id = (SELECT %(tenant_id)s::uuid) AND p.id = a.payee_id
        WHERE a.number = (
            SELECT iban || local_account FROM payee_account
            WHERE tenant_id = (SELECT %(tenant_id)s::uuid) AND payee_id = a.payee_id
            ORDER BY version DESC LIMIT 1
        )
    ) AS payees_of,
    (
        SELECT coalesce(json_agg(json_build_array(asked.payee, asked.currency, o.amounts)), '[]')::text
        FROM unnest(%(payees)s::text[], %(currencies)s::text[]) AS asked (payee, currency)
        CROSS JOIN LATERAL (
            SELECT array_agg(amount_minor) AS amounts FROM (
                SELECT amount_minor FROM payment_order
                WHERE tenant_id = (SELECT %(tenant_id)s::uuid) AND state = 'settled'
                  AND payee_number = asked.payee AND currency = asked.currency
                  AND (%(sight)s OR NOT confidential)
                ORDER BY id DESC LIMIT %(last)s
            ) AS newest
        ) AS o
        WHERE o.amounts IS NOT NULL
    ) AS amounts
