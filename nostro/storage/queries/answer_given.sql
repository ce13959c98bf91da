-- The answer that was given to an idempotency key.
SELECT body_digest, body, status, answer FROM idempotency
WHERE tenant_id = %(tenant_id)s AND key = %(key)s
