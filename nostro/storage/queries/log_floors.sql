-- The positions after which a customer's log went on higher up, as its own events say.
SELECT (data->>'log_floor')::bigint AS log_floor FROM event
WHERE tenant_id = %(tenant_id)s AND type = 'customer.quarantined' AND data ? 'log_floor'
