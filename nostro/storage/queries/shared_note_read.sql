SELECT value::text AS value FROM shared_note WHERE key = %(key)s AND expires_at > clock_timestamp()
