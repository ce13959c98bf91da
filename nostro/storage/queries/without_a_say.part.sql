-- Part of other queries, which say FROM `asked`: payments with what decides who has a say in them.
-- Who has none: who made or changed a payment, who answers for the key that did; who changed the
-- account that it pays to, or is held against, in whatever version and for whatever payee; who
-- changed the rules of approving that it waits under, or another policy in force that decides on
-- payments (the kinds of nostro.storage.authorship.DECIDING); and who agreed to any of that. `authors` has a row for each payment. MATERIALIZED keeps PostgreSQL from plans that are
-- bad before there are statistics.
owners AS MATERIALIZED (
    SELECT id::text AS key, owner_id::text AS owner
    FROM api_key
    WHERE tenant_id = (SELECT %(tenant_id)s::uuid) AND owner_id IS NOT NULL
), versions AS MATERIALIZED (
    SELECT pairs.*, version.id AS version_id, version.request_id, version.changed_by_person
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
), deciding AS MATERIALIZED (
    SELECT policy_version, request_id
    FROM (SELECT DISTINCT policy_version FROM asked) AS rules
    JOIN policy_version AS rule
      ON rule.tenant_id = (SELECT %(tenant_id)s::uuid) AND rule.kind = 'approval'
     AND 'approval-' || rule.version = rules.policy_version
    UNION ALL
    SELECT policy_version, request_id
    FROM (SELECT DISTINCT policy_version FROM asked) AS rules
    CROSS JOIN (
        SELECT DISTINCT ON (kind) request_id FROM policy_version
        WHERE tenant_id = (SELECT %(tenant_id)s::uuid)
          AND kind = ANY (ARRAY['duplicates', 'enrichment', 'payee_checks', 'payee_verification',
                                'payment_limits', 'routing_rules', 'screening'])
          AND valid_from <= %(now)s
        ORDER BY kind, valid_from DESC, version DESC
    ) AS others
), lawmakers AS MATERIALIZED (
    SELECT policy_version, array_agg(DISTINCT person) AS people
    FROM (
        SELECT policy_version, coalesce(owners.owner, request.asked_by) AS person
        FROM deciding
        JOIN change_request AS request
          ON request.tenant_id = (SELECT %(tenant_id)s::uuid) AND request.id = deciding.request_id
        LEFT JOIN owners ON owners.key = request.asked_by
        UNION ALL
        SELECT policy_version, agreed.person_id::text
        FROM deciding
        JOIN change_agreement AS agreed
          ON agreed.tenant_id = (SELECT %(tenant_id)s::uuid)
         AND agreed.request_id = deciding.request_id
    ) AS said
    GROUP BY 1
), authors AS MATERIALIZED (
    SELECT asked.id,
           asked.maker_id || asked.changed_by || ARRAY(
               SELECT owner FROM owners
               WHERE key = asked.maker_id OR key = ANY (asked.changed_by)
           ) AS makers,
           coalesce(editors.people, '{}') AS editors,
           coalesce(lawmakers.people, '{}') AS lawmakers
    FROM asked
    LEFT JOIN editors
      ON editors.paid_to = asked.paid_to
     AND editors.payee_account_id IS NOT DISTINCT FROM asked.payee_account_id
    LEFT JOIN lawmakers USING (policy_version)
)
