-- Keep the bank's own reference of payments that have none yet: the first one that it gave stands.
UPDATE attempt SET bank_reference = told.reference
FROM unnest(%(ids)s::uuid[], %(references)s::text[]) AS told (id, reference)
WHERE attempt.id = told.id AND attempt.bank_reference = ''
