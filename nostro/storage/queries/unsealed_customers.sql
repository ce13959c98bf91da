-- Which customers have events that no seal covers yet (as nostro_ops).
SELECT tenant_id, count(*) AS waiting FROM unsealed GROUP BY tenant_id ORDER BY tenant_id
