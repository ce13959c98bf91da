-- Backups and quarantines of the period.
SELECT occurred_at, type, actor ->> 'name' AS by, data ->> 'file' AS file,
       data ->> 'position' AS position, data ->> 'sha256' AS sha256,
       COALESCE(data ->> 'reason', reason) AS reason
FROM event
WHERE occurred_at >= %(since)s AND occurred_at < %(until)s
  AND type IN ('customer.backed_up', 'customer.quarantined')
ORDER BY occurred_at, id
