-- Keep the answer to an idempotency key for ever.
INSERT INTO idempotency (tenant_id, key, body_digest, body, status, answer, answered_at)
VALUES (
    %(tenant_id)s, %(key)s, %(body_digest)s, %(body)s::jsonb, %(status)s, %(answer)s::jsonb,
    %(answered_at)s
)
