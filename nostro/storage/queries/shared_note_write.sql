WITH over AS (
    DELETE FROM shared_note WHERE key IN (
        SELECT key FROM shared_note WHERE expires_at < clock_timestamp() AND key <> %(key)s
        LIMIT 50 FOR UPDATE SKIP LOCKED)
)
INSERT INTO shared_note (key, value, expires_at)
VALUES (%(key)s, %(value)s::jsonb, clock_timestamp() + make_interval(secs => %(seconds)s))
ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at
