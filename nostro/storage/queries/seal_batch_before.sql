-- The last tree over a customer's chain that was written down before a position.
SELECT position, entries, peaks FROM seal_batch
WHERE tenant_id = %(tenant_id)s AND position < %(position)s
ORDER BY position DESC
LIMIT 1
