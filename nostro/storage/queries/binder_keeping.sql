-- How long files are kept, legal holds and erasures of the period.
SELECT occurred_at, type, actor ->> 'name' AS by, COALESCE(data ->> 'reason', reason) AS reason,
       COALESCE(data ->> 'name', data ->> 'number', '') AS about, data ->> 'before' AS before,
       data ->> 'after' AS after, data ->> 'ends_on' AS ends_on
FROM event
WHERE occurred_at >= %(since)s AND occurred_at < %(until)s
  AND type IN ('customer.retention_changed', 'customer.legal_hold_placed',
               'customer.legal_hold_lifted', 'evidence.erased', 'payee.erased', 'person.erased')
ORDER BY occurred_at, id
