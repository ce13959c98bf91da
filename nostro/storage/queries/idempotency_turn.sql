-- Wait for our turn with one idempotency key; held until the transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended(%(turn)s, 0))
