-- The hashes of a customer's chain after a position, in order.
SELECT position, hash FROM event_seal
WHERE tenant_id = %(tenant_id)s AND position > %(after)s ORDER BY position
