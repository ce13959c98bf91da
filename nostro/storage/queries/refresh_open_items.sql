-- What is open of these items now that our matches settle otherwise (open_item.still_open).
UPDATE open_item i SET open_minor = CASE
    WHEN s.whole < 0 THEN least(0, greatest(i.told_minor, s.whole - s.minor))
    ELSE greatest(0, least(i.told_minor, s.whole - s.minor)) END
FROM (
    SELECT one.id, coalesce(one.document_minor, one.most_minor) AS whole,
        coalesce(sum(a.amount_minor) FILTER (WHERE m.state = 'matched'), 0) AS minor
    FROM open_item one
    LEFT JOIN allocation a ON a.tenant_id = one.tenant_id AND a.open_item_id = one.id
    LEFT JOIN match m ON m.tenant_id = a.tenant_id AND m.id = a.match_id
    WHERE one.id = ANY(%(ids)s::uuid[])
    GROUP BY one.tenant_id, one.id
) AS s
WHERE i.id = s.id
