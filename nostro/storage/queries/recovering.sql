-- Whether the server is still in recovery.
SELECT pg_is_in_recovery() AS recovering
