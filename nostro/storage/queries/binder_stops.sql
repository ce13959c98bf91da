-- Stops set in the period or still in force, and who lifted them.
SELECT f.scope, f.cause, f.frozen_at, f.frozen_by_name AS stopped_by, f.reason, f.lifted_at,
       string_agg(l.person_name, '; ' ORDER BY l.agreed_at) AS lifted_by
FROM payment_freeze f LEFT JOIN payment_freeze_lift l ON l.freeze_id = f.id
WHERE f.frozen_at < %(until)s AND (f.frozen_at >= %(since)s OR f.lifted_at IS NULL)
GROUP BY f.id, f.scope, f.cause, f.frozen_at, f.frozen_by_name, f.reason, f.lifted_at
ORDER BY f.frozen_at
