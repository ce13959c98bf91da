-- Changes that took two people, asked for in the period.
SELECT kind, subject, asked_at, asked_by_name AS asked_by, reason, state, needed,
       ended_by_name AS ended_by, ended_reason, ended_at
FROM change_request
WHERE asked_at >= %(since)s AND asked_at < %(until)s
ORDER BY asked_at
