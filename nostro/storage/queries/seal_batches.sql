-- Every tree over a customer's chain that was written down, in order.
SELECT position, entries, root FROM seal_batch
WHERE tenant_id = %(tenant_id)s ORDER BY position
