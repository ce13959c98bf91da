-- Events that are neither sealed nor waiting to be: somebody tampered.
SELECT count(*) AS strays FROM event e
WHERE e.tenant_id = %(tenant_id)s
  AND NOT EXISTS (SELECT 1 FROM event_seal s
                  WHERE s.tenant_id = e.tenant_id AND s.event_id = e.id)
  AND NOT EXISTS (SELECT 1 FROM unsealed u
                  WHERE u.tenant_id = e.tenant_id AND u.event_id = e.id)
