-- Which of these things, each told by kind and id, are about a confidential payment.
SELECT DISTINCT asked.kind, asked.id
FROM unnest(%(kinds)s::text[], %(ids)s::uuid[]) AS asked (kind, id)
WHERE nostro_is_confidential(asked.kind, asked.id)
