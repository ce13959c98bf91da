UPDATE shared_note SET expires_at = clock_timestamp() + make_interval(secs => %(seconds)s)
WHERE key = %(key)s AND expires_at > clock_timestamp()
