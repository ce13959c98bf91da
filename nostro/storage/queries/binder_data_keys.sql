-- The customer's keys, none of them readable, and the key-encryption key that each is locked under.
SELECT purpose, version, made_at, key_id AS locked_under
FROM data_key
WHERE made_at < %(until)s AND %(since)s::timestamptz IS NOT NULL
ORDER BY purpose, version
