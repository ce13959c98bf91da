-- Addresses that are called: webhooks of the customer in force in the period.
SELECT url, created_at, created_by, disabled_at, disabled_because
FROM webhook_endpoint
WHERE created_at < %(until)s AND (disabled_at IS NULL OR disabled_at >= %(since)s)
ORDER BY created_at, id
