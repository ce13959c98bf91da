-- The sealed position after which everything that happened from a moment on stands. Events are not
-- sealed strictly in their order of time, so some before the moment may stand after it, too.
SELECT coalesce(
    min(s.position) FILTER (WHERE s.occurred_at >= %(moment)s) - 1, max(s.position), 0
) AS position
FROM event_seal s
WHERE s.tenant_id = %(tenant_id)s
