-- One evidence whose bytes are kept open, locked against others who look for one.
SELECT e.id
FROM evidence e
WHERE e.tenant_id = %(tenant_id)s
    AND e.id > %(after)s
    AND NOT EXISTS (
        SELECT 1 FROM evidence_key k WHERE k.tenant_id = e.tenant_id AND k.evidence_id = e.id)
ORDER BY e.id
LIMIT 1
FOR UPDATE OF e SKIP LOCKED
