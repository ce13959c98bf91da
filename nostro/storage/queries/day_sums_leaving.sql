-- The same as payments leave: the day is that of the file that a payment is in, or of its check. What
-- ended in its file without effect does not count. It begins with what left on these days, however
-- many payments wait.
WITH sent AS MATERIALIZED (
    SELECT order_id, execution_date AS day FROM attempt
    WHERE tenant_id = (SELECT %(tenant_id)s::uuid)
      AND execution_date = ANY(%(days)s::date[]) AND state <> ALL(%(without_effect)s::text[])
    UNION
    SELECT order_id, issued_on FROM issued_check
    WHERE tenant_id = (SELECT %(tenant_id)s::uuid)
      AND issued_on = ANY(%(days)s::date[]) AND order_id IS NOT NULL
), counted AS MATERIALIZED (
    SELECT sent.day, p.id, p.number, p.amount_minor, p.currency, p.confidential, p.entity_id,
        p.account_id, p.payee_number, p.route, p.source
    FROM sent
    JOIN payment_order p ON p.tenant_id = (SELECT %(tenant_id)s::uuid) AND p.id = sent.order_id
    WHERE p.state = ANY(%(counting)s::text[]) AND p.number <> ALL(%(apart_from)s::text[])
)
-- part: day_sums_by_limit
