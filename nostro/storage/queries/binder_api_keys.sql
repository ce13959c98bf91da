-- Keys of programs that were valid in the period; no secret part.
SELECT prefix, name, array_to_string(scopes, '; ') AS scopes, created_at, expires_at, revoked_at,
       last_used_at
FROM api_key
WHERE created_at < %(until)s AND COALESCE(revoked_at, expires_at) >= %(since)s
ORDER BY created_at
