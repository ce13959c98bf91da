-- Close the customer's gate: waits for everybody who is passing it, and nobody passes meanwhile.
SELECT pg_advisory_xact_lock(hashtextextended('gate/' || %(tenant_id)s, 0))
