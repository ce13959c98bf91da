-- Part of the questions of what counts against limits of a day: the `counted` payments, by limit.
-- What is asked of payees is no join: how many payments are counted no statistics tell, and PostgreSQL
-- would compare each with each payee.
SELECT l.at, p.day, CASE l.per WHEN 'day by account' THEN p.account_id::text
        WHEN 'day by payee' THEN p.payee_number ELSE '' END AS key,
    count(*) AS count, sum(p.amount_minor)::bigint AS minor,
    count(*) FILTER (WHERE p.confidential) AS hidden,
    coalesce(sum(p.amount_minor) FILTER (WHERE p.confidential), 0)::bigint AS hidden_minor
FROM counted p
CROSS JOIN jsonb_to_recordset(%(limits)s::jsonb) AS l(
    at int, per text, currency text, above bigint, currencies text[], entity_ids uuid[],
    account_ids uuid[], payee_numbers text[], rails text[], sources text[]
)
WHERE p.currency = l.currency
  AND (l.per <> 'day by payee' OR p.payee_number IN (SELECT unnest(%(payees)s::text[])))
  AND (l.above IS NULL OR p.amount_minor > l.above)
  AND (l.currencies IS NULL OR p.currency = ANY(l.currencies))
  AND (l.entity_ids IS NULL OR p.entity_id = ANY(l.entity_ids))
  AND (l.account_ids IS NULL OR p.account_id = ANY(l.account_ids))
  AND (l.payee_numbers IS NULL OR p.payee_number = ANY(l.payee_numbers))
  AND (l.rails IS NULL OR p.route ->> 'rail' = ANY(l.rails))
  AND (l.sources IS NULL OR p.source = ANY(l.sources))
GROUP BY 1, 2, 3
