-- Every customer (as nostro_ops).
SELECT id FROM customer ORDER BY id
