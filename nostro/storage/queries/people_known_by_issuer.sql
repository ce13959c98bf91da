-- Whom an issuer has signed in for this customer, when it last did, and who has no other way in.
SELECT f.person_id, p.name, p.email, f.since AS known_since, last.at AS last_by_it_at,
       left(p.password, 1) = '!' AND NOT EXISTS (
           SELECT FROM mfa_authenticator a WHERE a.user_id = p.id AND a.type = 'webauthn'
       ) AS only_by_it
FROM federated_identity f
JOIN person p ON p.id = f.person_id
LEFT JOIN LATERAL (
    SELECT max(e.occurred_at) AS at FROM event e
    WHERE e.tenant_id = f.tenant_id AND e.subject_id = f.person_id
      AND e.type = 'person.signed_in' AND e.data->'by' ? 'single_sign_on'
) last ON true
WHERE f.tenant_id = %(tenant_id)s AND f.issuer = %(issuer)s
ORDER BY last.at DESC NULLS LAST, p.name
LIMIT %(limit)s
