-- The numbers of those who were only ever paid confidentially.
SELECT nostro_confidential_payees() AS number
