-- The tree over a customer's chain as it was last written down.
SELECT position, entries, root, peaks FROM seal_batch
WHERE tenant_id = %(tenant_id)s ORDER BY position DESC LIMIT 1
