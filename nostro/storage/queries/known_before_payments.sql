-- What payments are checked against, read at one moment after their numbers were taken: everything
-- that is the customer's own, and what their payees, references and end-to-end ids lead to. The
-- names of ids that we would give are as nostro.workflows.payment_checks writes them.
-- OFFSET 0 keeps PostgreSQL from a join, whose plan is bad before there are statistics.
WITH mine AS (
    SELECT code, next_payment_number FROM customer
    WHERE tenant_id = (SELECT %(tenant_id)s::uuid) AND id = %(tenant_id)s
), ours AS (
    SELECT left(mine.code, 20) || '-PAY-' || lpad(n::text, greatest(5, length(n::text)), '0') AS id
    FROM mine, generate_series(
        mine.next_payment_number - %(count)s::bigint, mine.next_payment_number - 1
    ) AS n
)
SELECT
    (SELECT code FROM mine) AS customer_code,
    (
        SELECT coalesce(json_object_agg(code, id), '{}')::text
        FROM legal_entity WHERE tenant_id = (SELECT %(tenant_id)s::uuid)
    ) AS entity_ids,
    (
        SELECT coalesce(json_agg(json_build_object(
            'id', id, 'legal_entity_id', entity_id, 'connection_id', connection_id,
            'name', name, 'iban', iban, 'bic', bic, 'currency', currency,
            'ledger_account', ledger_account, 'clearing_account', clearing_account,
            'local_account', local_account
        ) ORDER BY name, id), '[]')::text
        FROM account WHERE tenant_id = (SELECT %(tenant_id)s::uuid)
    ) AS accounts,
    (
        SELECT coalesce(json_object_agg(id, json_build_array(connector, config)), '{}')::text
        FROM connection WHERE tenant_id = (SELECT %(tenant_id)s::uuid)
    ) AS connections,
    (
        SELECT coalesce(json_agg(json_build_object(
            'id', a.id, 'payee_id', p.id, 'payee_number', p.number, 'payee_name', p.name,
            'version', a.version, 'iban', a.iban, 'bic', a.bic, 'valid_from', a.valid_from,
            'changed_by', a.changed_by, 'confirmed', a.confirmed, 'local_account', a.local_account
        )), '[]')::text
        FROM unnest(%(payees)s::text[]) AS asked (number)
        CROSS JOIN LATERAL (
            SELECT id, number, name FROM payee
            WHERE tenant_id = (SELECT %(tenant_id)s::uuid) AND number = asked.number
            OFFSET 0
        ) AS p
        CROSS JOIN LATERAL (
            SELECT * FROM payee_account
            WHERE tenant_id = (SELECT %(tenant_id)s::uuid) AND payee_id = p.id
            ORDER BY version DESC LIMIT 1
        ) AS a
    ) AS payee_accounts,
    ARRAY(
        SELECT source_reference FROM payment_order
        WHERE tenant_id = (SELECT %(tenant_id)s::uuid) AND source = %(source)s
          AND source_reference = ANY(%(references)s::text[])
    ) AS known_references,
    ARRAY(
        SELECT end_to_end_id FROM payment_order
        WHERE tenant_id = (SELECT %(tenant_id)s::uuid)
          AND end_to_end_id = ANY(ARRAY(SELECT id FROM ours) || %(end_to_end_ids)s::text[])
    ) AS taken_end_to_end_ids,
    EXISTS (
        SELECT FROM case_file
        WHERE tenant_id = (SELECT %(tenant_id)s::uuid) AND kind = %(restored_kind)s
          AND starts_with(natural_key, %(restored_key)s) AND opened_at >= %(restored_since)s
    ) AS restored
