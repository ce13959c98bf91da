INSERT INTO shared_note (key, value, expires_at)
VALUES (%(key)s, %(value)s::jsonb, clock_timestamp() + make_interval(secs => %(seconds)s))
ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at
WHERE shared_note.expires_at <= clock_timestamp()
