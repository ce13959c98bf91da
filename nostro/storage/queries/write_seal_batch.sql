-- Write down the tree over a customer's chain after a batch of seals (as nostro_ops).
INSERT INTO seal_batch (tenant_id, position, entries, root, peaks, sealed_at)
VALUES (%(tenant_id)s, %(position)s, %(entries)s, %(root)s, %(peaks)s::jsonb, %(sealed_at)s)
