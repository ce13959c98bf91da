-- All payments that wait for approval, once: how they group, one page of them, and on request all
-- that a choice covers. Unusual is what a person should look at first: it was held, the payee was
-- never paid in this currency or far less on average, or the payee's account changed of late.
-- What is the reader's to approve (mine) is decided as nostro.domain.policies.approval does: one of
-- his grants reaches it and is for a step that it waits for, in the place of somebody who has had
-- no say in it yet. Who has none at all is said in one part for all queries.
-- MATERIALIZED and OFFSET 0 keep PostgreSQL from plans that are bad before there are statistics.
WITH waiting AS MATERIALIZED (
    SELECT id, run_id, entity_id, account_id, coalesce(route ->> 'rail', '') AS rail, requested_date, currency,
           amount_minor, approval_digest, payee_number, payee_account_id, maker_id, changed_by,
           creditor_iban || creditor_account AS paid_to, policy_version, waits_for
    FROM payment_order
    WHERE tenant_id = (SELECT %(tenant_id)s::uuid) AND state = 'awaiting_approval'
), usual AS MATERIALIZED (
    SELECT asked.payee_number, asked.currency, round(paid.average) AS average
    FROM (SELECT DISTINCT payee_number, currency FROM waiting) AS asked
    CROSS JOIN LATERAL (
        SELECT avg(amount_minor) AS average
        FROM payment_order
        WHERE tenant_id = (SELECT %(tenant_id)s::uuid) AND state = 'settled'
          AND payee_number = asked.payee_number AND currency = asked.currency
        OFFSET 0
    ) AS paid
), given AS MATERIALIZED (
    SELECT order_id AS id, count(*) AS approvals, array_agg(person_id) AS people
    FROM approval
    WHERE tenant_id = (SELECT %(tenant_id)s::uuid)
      AND order_id = ANY (ARRAY(SELECT id FROM waiting)) AND voided_at IS NULL
    GROUP BY 1
), held_before AS MATERIALIZED (
    SELECT DISTINCT waiting.id FROM waiting
    JOIN hold ON hold.tenant_id = (SELECT %(tenant_id)s::uuid) AND hold.order_id = waiting.id
), asked AS (
    SELECT id, maker_id, changed_by, payee_account_id, policy_version, paid_to FROM waiting
),
-- part: without_a_say
, without_a_say AS MATERIALIZED (
    SELECT id, makers || editors || lawmakers AS people FROM authors
), payee_accounts AS MATERIALIZED (
    SELECT known.id,
           (known.version > 1 AND known.valid_from >= %(changed_since)s)
               OR EXISTS (SELECT FROM payee_account AS newer
                          WHERE newer.tenant_id = known.tenant_id
                            AND newer.payee_id = known.payee_id
                            AND newer.version > known.version) AS changed
    FROM (SELECT DISTINCT payee_account_id FROM waiting) AS asked
    JOIN payee_account AS known
      ON known.tenant_id = (SELECT %(tenant_id)s::uuid) AND known.id = asked.payee_account_id
), reaches AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(%(reaches)s::jsonb)
        AS one(entity_id uuid, account_id uuid, currency text, minor bigint, in_place_of text,
               role text)
), turns AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(%(turns)s::jsonb)
        AS one(policy_version text, waits_for text, roles text[], people text[])
), marked AS MATERIALIZED (
    SELECT waiting.*,
           NOT coalesce(%(person_id)s = ANY (given.people), false)
               AND %(person_id)s <> ALL (without_a_say.people)
               AND EXISTS (
                   SELECT FROM reaches
                   WHERE coalesce(reaches.entity_id = waiting.entity_id, true)
                     AND (reaches.account_id IS NULL
                          OR reaches.account_id IS NOT DISTINCT FROM waiting.account_id)
                     AND (reaches.currency IS NULL
                          OR (reaches.currency = waiting.currency
                              AND waiting.amount_minor <= reaches.minor))
                     AND reaches.in_place_of <> ALL (without_a_say.people)
                     AND NOT coalesce(reaches.in_place_of = ANY (given.people), false)
                     AND (waiting.waits_for = '' OR EXISTS (
                         SELECT FROM turns
                         WHERE turns.policy_version = waiting.policy_version
                           AND turns.waits_for = waiting.waits_for
                           AND coalesce(reaches.role = ANY (turns.roles), true)
                           AND coalesce(reaches.in_place_of = ANY (turns.people), true)))
               ) AS mine,
           CASE WHEN waiting.waits_for = '' THEN coalesce(given.approvals, 0) > 0
                ELSE waiting.waits_for LIKE '%%:1' END AS completes,
           held_before.id IS NOT NULL OR usual.average IS NULL
               OR waiting.amount_minor > %(times_usual)s * usual.average
               OR coalesce(payee_accounts.changed, false) AS unusual
    FROM waiting
    JOIN without_a_say USING (id)
    LEFT JOIN given USING (id)
    LEFT JOIN usual USING (payee_number, currency)
    LEFT JOIN held_before USING (id)
    LEFT JOIN payee_accounts ON payee_accounts.id = waiting.payee_account_id
), narrowed AS (
    SELECT * FROM marked
    WHERE (%(unusual)s::boolean IS NULL OR unusual = %(unusual)s)
      AND (%(rail)s::text IS NULL
           OR (run_id IS NOT DISTINCT FROM %(run_id)s::uuid
               AND account_id IS NOT DISTINCT FROM %(account_id)s::uuid
               AND rail = %(rail)s AND requested_date = %(day)s::date))
), grouped AS (
    SELECT run_id, account_id, rail, requested_date AS day, currency, unusual, mine,
           count(*) AS count, sum(amount_minor)::bigint AS minor,
           count(*) FILTER (WHERE completes) AS completes
    FROM marked
    GROUP BY 1, 2, 3, 4, 5, 6, 7
), paged AS (
    SELECT id, mine, unusual FROM narrowed
    WHERE %(after)s::uuid IS NULL
       OR (NOT mine, NOT unusual, id)
          > (%(after_others)s::boolean, %(after_usual)s::boolean, %(after)s::uuid)
    ORDER BY NOT mine, NOT unusual, id
    LIMIT %(size)s
)
SELECT
    (SELECT coalesce(jsonb_agg(grouped), '[]')::text FROM grouped) AS groups,
    (SELECT coalesce(jsonb_agg(paged ORDER BY NOT mine, NOT unusual, id), '[]')::text
     FROM paged) AS page,
    (SELECT coalesce(jsonb_object_agg(id, approval_digest), '{}')::text
     FROM narrowed WHERE mine AND %(whole)s::boolean) AS digests
