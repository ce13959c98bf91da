-- The keys whose token begins so; as nostro_ops, before a customer is known.
SELECT id, tenant_id, prefix, name, scopes, person_id, networks, expires_at, revoked_at,
    last_used_at, replaced_by, secret_hash
FROM api_key WHERE prefix = %(prefix)s
