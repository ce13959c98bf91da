-- The keys whose token begins so; as nostro_ops, before a customer is known.
SELECT id, tenant_id, prefix, name, scopes, person_id, expires_at, revoked_at, secret_hash
FROM api_key WHERE prefix = %(prefix)s
