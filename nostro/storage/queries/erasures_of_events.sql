-- Where a customer's chain says that these events were emptied.
SELECT s.position
FROM event e
JOIN event_seal s ON s.tenant_id = e.tenant_id AND s.event_id = e.id
WHERE e.tenant_id = %(tenant_id)s AND e.type = 'audit.erased'
  AND jsonb_exists_any(e.data->'events', %(ids)s::text[])
ORDER BY s.position
