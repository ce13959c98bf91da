DELETE FROM shared_note WHERE key = %(key)s
