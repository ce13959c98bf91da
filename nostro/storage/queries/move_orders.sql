-- Move the given orders that stand in one state; the others stay where they are.
UPDATE payment_order
SET state = %(after)s, state_since = %(now)s, next_action_at = %(due)s
WHERE tenant_id = (SELECT %(tenant_id)s::uuid) AND id = ANY(%(ids)s::uuid[]) AND state = %(before)s
RETURNING id
