-- An evidence, unless its bytes are kept already: under their keyed digest, or openly from before.
INSERT INTO evidence
    (tenant_id, id, digest, media_type, name, size_bytes, direction, recorded_at)
SELECT %(tenant_id)s, %(id)s, %(keyed)s, %(media_type)s, %(file_name)s, %(size_bytes)s, %(direction)s,
    %(recorded_at)s
WHERE NOT EXISTS (
    SELECT 1 FROM evidence WHERE tenant_id = %(tenant_id)s AND digest = %(digest)s)
ON CONFLICT (tenant_id, digest) DO NOTHING
