-- One piece of an evidence, with the key that it is locked with; no key: it is kept open.
SELECT e.size_bytes, e.digest, c.content, k.locked, k.kept_in, k.data_key_id, d.purpose, d.key_id, d.wrapped
FROM evidence e
LEFT JOIN evidence_key k ON k.tenant_id = e.tenant_id AND k.evidence_id = e.id
LEFT JOIN evidence_chunk c ON c.tenant_id = e.tenant_id AND c.evidence_id = e.id
    AND c.sequence = %(sequence)s
LEFT JOIN data_key d ON d.tenant_id = k.tenant_id AND d.id = k.data_key_id
WHERE e.tenant_id = %(tenant_id)s AND e.id = %(evidence_id)s
