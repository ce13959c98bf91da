-- Who took data out in the period: files, letters, a person's data, the log, evidence packs,
-- backups, binders.
SELECT occurred_at, type, subject_kind, subject_id, actor ->> 'name' AS by, reason, source_address
FROM event
WHERE occurred_at >= %(since)s AND occurred_at < %(until)s
  AND type IN ('evidence.revealed', 'payee.revealed', 'person.revealed', 'audit.exported', 'audit.pack_taken',
               'customer.backed_up', 'customer.binder_made')
ORDER BY occurred_at, id
