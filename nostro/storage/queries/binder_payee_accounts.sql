-- Versions of payees' accounts that became known in the period; no account number.
SELECT p.number AS payee, a.version, a.valid_from, a.changed_by, a.confirmed
FROM payee_account a JOIN payee p ON p.id = a.payee_id
WHERE a.valid_from >= %(since)s AND a.valid_from < %(until)s
ORDER BY a.valid_from, p.number, a.version
