-- Lease rows whose time has come, fairly across customers, as nostro_ops; a lost wake-up is
-- simply due again when the lease ends.
WITH due AS (
    SELECT tenant_id, id, row_number() OVER (PARTITION BY tenant_id ORDER BY next_action_at) AS turn
    FROM {table}
    WHERE next_action_at <= %(now)s
), chosen AS (
    SELECT t.tenant_id, t.id
    FROM {table} t JOIN due USING (tenant_id, id)
    WHERE t.next_action_at <= %(now)s
    ORDER BY due.turn, t.next_action_at
    LIMIT %(limit)s
    FOR NO KEY UPDATE OF t SKIP LOCKED
)
UPDATE {table} t SET next_action_at = %(lease_until)s
FROM chosen WHERE t.tenant_id = chosen.tenant_id AND t.id = chosen.id
RETURNING t.tenant_id, t.id
