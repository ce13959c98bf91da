-- Who has no say in payments, and why.
WITH asked AS MATERIALIZED (
    SELECT id, maker_id, changed_by, payee_account_id, policy_version,
           creditor_iban || creditor_account AS paid_to
    FROM payment_order
    WHERE tenant_id = (SELECT %(tenant_id)s::uuid) AND id = ANY (%(ids)s::uuid[])
),
-- part: without_a_say
SELECT id, makers, editors, lawmakers FROM authors
