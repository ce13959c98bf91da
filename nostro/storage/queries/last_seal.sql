-- Where a customer's chain ends.
SELECT position, hash FROM event_seal
WHERE tenant_id = %(tenant_id)s ORDER BY position DESC LIMIT 1
