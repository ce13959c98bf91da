-- Who has no say in payments: who made or changed each, who answers for the key that did, and who
-- changed the account that it pays to, or is held against, in whatever version and for whatever
-- payee, or agreed to that.
WITH asked AS MATERIALIZED (
    SELECT id, maker_id, changed_by, payee_account_id,
           creditor_iban || creditor_account AS paid_to
    FROM payment_order
    WHERE tenant_id = (SELECT %(tenant_id)s::uuid) AND id = ANY (%(ids)s::uuid[])
), owners AS MATERIALIZED (
    SELECT id::text AS key, owner_id::text AS owner
    FROM api_key
    WHERE tenant_id = (SELECT %(tenant_id)s::uuid) AND owner_id IS NOT NULL
), versions AS MATERIALIZED (
    SELECT pairs.*, version.id AS version_id, version.request_id,
           version.changed_by_person
    FROM (SELECT DISTINCT paid_to, payee_account_id FROM asked) AS pairs
    CROSS JOIN LATERAL (
        SELECT id, request_id, changed_by_person FROM payee_account
        WHERE tenant_id = (SELECT %(tenant_id)s::uuid) AND pairs.paid_to <> ''
          AND (iban = pairs.paid_to OR local_account = pairs.paid_to)
        UNION
        SELECT alike.id, alike.request_id, alike.changed_by_person
        FROM payee_account AS compared
        JOIN payee_account AS alike
          ON alike.tenant_id = compared.tenant_id AND alike.iban = compared.iban
         AND alike.local_account = compared.local_account
        WHERE compared.tenant_id = (SELECT %(tenant_id)s::uuid)
          AND compared.id = pairs.payee_account_id
    ) AS version
), editors AS MATERIALIZED (
    SELECT paid_to, payee_account_id, array_agg(DISTINCT person) AS people
    FROM (
        SELECT paid_to, payee_account_id, changed_by_person::text AS person
        FROM versions WHERE changed_by_person IS NOT NULL
        UNION ALL
        SELECT paid_to, payee_account_id, agreed.person_id::text
        FROM versions
        JOIN change_agreement AS agreed
          ON agreed.tenant_id = (SELECT %(tenant_id)s::uuid)
         -- Once the first id of a version was that of its request.
         AND agreed.request_id IN (versions.version_id, versions.request_id)
    ) AS said
    GROUP BY 1, 2
)
SELECT asked.id,
       asked.maker_id || asked.changed_by || ARRAY(
           SELECT owner FROM owners WHERE key = asked.maker_id OR key = ANY (asked.changed_by)
       ) AS makers,
       coalesce(editors.people, '{}') AS editors
FROM asked
LEFT JOIN editors
  ON editors.paid_to = asked.paid_to
 AND editors.payee_account_id IS NOT DISTINCT FROM asked.payee_account_id
