-- What the matcher found and people judged: confirmed, decided otherwise, refused or undone; and
-- what it posted and nobody took back since. The newest of each, with when it was judged.
-- Right is what settles the same of the same items as what a person made of the line.
(SELECT p.evidence_class, p.probability_millionths, t.amount_minor, t.currency,
    coalesce(decided.parts = proposed.parts, false) AS is_right,
    coalesce(m.decided_at, p.refused_at) AS judged_at
FROM match_proposal p
JOIN bank_transaction t ON t.tenant_id = p.tenant_id AND t.id = p.transaction_id
LEFT JOIN match m ON m.tenant_id = p.tenant_id AND m.transaction_id = p.transaction_id
    AND m.state = 'matched' AND m.by_person
LEFT JOIN LATERAL (
    SELECT array_agg(a.open_item_id || ' ' || a.amount_minor
        ORDER BY a.open_item_id, a.amount_minor) AS parts
    FROM allocation a
    WHERE a.tenant_id = m.tenant_id AND a.match_id = m.id AND a.open_item_id IS NOT NULL
) decided ON true
LEFT JOIN LATERAL (
    SELECT array_agg((one ->> 'open_item_id') || ' ' || (one ->> 'settled_minor')
        ORDER BY (one ->> 'open_item_id')::uuid, (one ->> 'settled_minor')::bigint) AS parts
    FROM jsonb_array_elements(p.allocations) one
) proposed ON true
WHERE p.tenant_id = (SELECT %(tenant_id)s::uuid) AND p.order_id IS NULL
    AND p.evidence_class LIKE '%%/%%/%%/%%/%%/%%'
    AND (p.refused_at IS NOT NULL OR m.id IS NOT NULL)
ORDER BY p.id DESC
LIMIT %(most)s)
UNION ALL
(SELECT m.evidence_class, m.probability_millionths, t.amount_minor, t.currency, true, m.decided_at
FROM match m
JOIN bank_transaction t ON t.tenant_id = m.tenant_id AND t.id = m.transaction_id
WHERE m.tenant_id = (SELECT %(tenant_id)s::uuid) AND m.state = 'matched' AND NOT m.by_person
    AND m.evidence_class LIKE '%%/%%/%%/%%/%%/%%' AND m.decided_at <= %(stood_since)s
ORDER BY m.id DESC
LIMIT %(most)s)
