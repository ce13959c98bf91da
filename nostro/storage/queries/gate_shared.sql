-- Pass the customer's gate on the way out: many may at once, none while a stop is being set.
SELECT pg_advisory_xact_lock_shared(hashtextextended('gate/' || %(tenant_id)s, 0))
