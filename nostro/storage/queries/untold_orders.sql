-- Orders of which their source does not know yet where they stand: locked, with what to tell.
-- `mark` is what it will have been told: money may come back in parts, so the state is not enough.
SELECT o.id, o.source_reference, coalesce(r.reference, '') AS run, o.number, o.end_to_end_id,
       o.state, o.state_since, o.amount_minor, o.currency, o.returned_minor,
       coalesce(m.reason, '') AS reason, coalesce(m.reason_text, '') AS reason_text, told.mark
FROM payment_order o
CROSS JOIN LATERAL (
    SELECT CASE WHEN o.returned_minor = 0 THEN o.state
                ELSE o.state || '/' || o.returned_minor::text END
        AS mark
) AS told
LEFT JOIN payment_run r ON r.tenant_id = o.tenant_id AND r.id = o.run_id
LEFT JOIN LATERAL (
    SELECT e.data ->> 'reason' AS reason, e.data ->> 'text' AS reason_text
    FROM event e
    WHERE e.tenant_id = o.tenant_id AND e.subject_id = o.id AND e.type = 'order.moved'
        AND e.data ->> 'state_after' = o.state
    ORDER BY e.occurred_at DESC, e.id DESC
    LIMIT 1
) AS m ON true
WHERE o.tenant_id = %(tenant_id)s
    AND o.state = ANY(%(states)s)
    AND o.told_source <> told.mark
    AND CASE WHEN %(source)s = '' THEN NOT o.source = ANY(%(others)s) ELSE o.source = %(source)s END
ORDER BY o.id
LIMIT %(limit)s
FOR NO KEY UPDATE OF o SKIP LOCKED
