-- What counts against limits of a day: of each limit and day how many payments and their sum, kept
-- apart by account or payee where the limit is. Before payments leave the day is the one asked for,
-- and what waited too long counts today; as they leave (%(leaving)s) it is the day of the file.
-- Sums of payees are only of those asked. OFFSET 0 keeps PostgreSQL from a join over all payments,
-- whose plan is bad before there are statistics.
SELECT l.at, d.day, o.key, count(*) AS count, sum(o.amount_minor)::bigint AS minor,
    count(*) FILTER (WHERE o.confidential) AS hidden,
    coalesce(sum(o.amount_minor) FILTER (WHERE o.confidential), 0)::bigint AS hidden_minor
FROM jsonb_to_recordset(%(limits)s::jsonb) AS l(
    at int, per text, currency text, above bigint, currencies text[], entity_ids uuid[],
    account_ids uuid[], payee_numbers text[], rails text[], sources text[]
)
CROSS JOIN unnest(%(days)s::date[]) AS d (day)
CROSS JOIN LATERAL (
    SELECT p.amount_minor, p.confidential,
        CASE l.per WHEN 'day by account' THEN p.account_id::text
            WHEN 'day by payee' THEN p.payee_number ELSE '' END AS key
    FROM payment_order p
    LEFT JOIN (SELECT DISTINCT unnest(%(payees)s::text[]) AS number) asked
        ON asked.number = p.payee_number
    WHERE p.tenant_id = (SELECT %(tenant_id)s::uuid)
      AND p.requested_date BETWEEN
          CASE WHEN %(leaving)s OR d.day = %(today)s::date THEN d.day - %(late_days)s::int
          ELSE d.day END AND d.day
      AND p.currency = l.currency
      AND p.state = ANY(%(counting)s::text[])
      AND p.number <> ALL(%(apart_from)s::text[])
      AND (l.per <> 'day by payee' OR asked.number IS NOT NULL)
      AND (l.above IS NULL OR p.amount_minor > l.above)
      AND (l.currencies IS NULL OR p.currency = ANY(l.currencies))
      AND (l.entity_ids IS NULL OR p.entity_id = ANY(l.entity_ids))
      AND (l.account_ids IS NULL OR p.account_id = ANY(l.account_ids))
      AND (l.payee_numbers IS NULL OR p.payee_number = ANY(l.payee_numbers))
      AND (l.rails IS NULL OR p.route ->> 'rail' = ANY(l.rails))
      AND (l.sources IS NULL OR p.source = ANY(l.sources))
      AND CASE WHEN %(leaving)s THEN EXISTS (
              SELECT FROM attempt a
              WHERE a.tenant_id = (SELECT %(tenant_id)s::uuid) AND a.order_id = p.id
                AND a.execution_date = d.day AND a.state <> ALL(%(without_effect)s::text[])
          ) ELSE p.requested_date = d.day OR p.state = ANY(%(waiting)s::text[]) END
    OFFSET 0
) AS o
GROUP BY l.at, d.day, o.key
