-- Let a customer's log go on above everything that a forgotten part of it may have told.
UPDATE customer c SET log_floor = greatest(c.log_floor, coalesce((
    SELECT s.position FROM event_seal s
    WHERE s.tenant_id = %(tenant_id)s ORDER BY s.position DESC LIMIT 1
), 0) + %(skipped)s)
WHERE c.tenant_id = %(tenant_id)s AND c.id = %(tenant_id)s
RETURNING c.log_floor
