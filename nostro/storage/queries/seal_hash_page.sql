-- The hashes of a customer's chain between two positions, in order, page by page.
SELECT position, hash FROM event_seal
WHERE tenant_id = %(tenant_id)s AND position > %(after)s AND position <= %(until)s
ORDER BY position
LIMIT %(limit)s
