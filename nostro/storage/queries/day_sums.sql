-- What counts against limits of a day as payments come in: of each limit and day how many payments
-- and their sum, kept apart by account or payee where the limit is. The day is the one asked for, and
-- what waited too long counts today. Sums of payees are only of those asked. The payments of the days
-- are read once for all limits, and never joined with all payments: PostgreSQL's plan for that is bad
-- before there are statistics.
WITH counted AS MATERIALIZED (
    SELECT d.day, p.id, p.number, p.amount_minor, p.currency, p.confidential, p.entity_id,
        p.account_id, p.payee_number, p.route, p.source
    FROM unnest(%(days)s::date[]) AS d (day)
    JOIN payment_order p
        ON p.tenant_id = (SELECT %(tenant_id)s::uuid)
       AND p.requested_date BETWEEN
           CASE WHEN d.day = %(today)s::date THEN d.day - %(late_days)s::int ELSE d.day END
           AND d.day
       AND (p.requested_date = d.day OR p.state = ANY(%(waiting)s::text[]))
    WHERE p.state = ANY(%(counting)s::text[]) AND p.number <> ALL(%(apart_from)s::text[])
)
-- part: day_sums_by_limit
