-- Customers with signed statements that have not left the database yet (as nostro_ops).
SELECT DISTINCT tenant_id FROM audit_statement WHERE exported_at IS NULL ORDER BY tenant_id
