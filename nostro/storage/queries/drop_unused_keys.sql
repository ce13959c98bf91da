-- Keys that nothing is locked with any more, and whose successor was made long enough ago.
DELETE FROM data_key k
WHERE k.tenant_id = %(tenant_id)s
    AND k.purpose = ANY(%(purposes)s)
    AND EXISTS (
        SELECT 1 FROM data_key n
        WHERE n.tenant_id = k.tenant_id AND n.purpose = k.purpose AND n.version = k.version + 1
            AND n.made_at < %(superseded_before)s)
    AND NOT EXISTS (
        SELECT 1 FROM stored_secret s WHERE s.tenant_id = k.tenant_id AND s.data_key_id = k.id)
    AND NOT EXISTS (
        SELECT 1 FROM evidence_key e WHERE e.tenant_id = k.tenant_id AND e.data_key_id = k.id)
