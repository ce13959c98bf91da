-- Minor units that confirmed matches settle of open items.
SELECT a.open_item_id AS id, sum(a.amount_minor)::bigint AS minor
FROM allocation a JOIN match m ON m.tenant_id = a.tenant_id AND m.id = a.match_id
WHERE a.open_item_id = ANY(%(ids)s::uuid[]) AND m.state = 'matched'
GROUP BY a.open_item_id
