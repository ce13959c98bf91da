-- Who may do what at the end of the period's export: roles, since when, last sign-in.
SELECT p.name, p.email, array_to_string(m.roles, '; ') AS roles, m.active AND p.is_active AS active,
       (SELECT min(e.occurred_at) FROM event e
        WHERE e.subject_id = p.id AND e.type IN ('person.granted', 'person.glass_broken', 'person.stands_in')) AS first_granted,
       (SELECT max(e.occurred_at) FROM event e
        WHERE e.subject_id = p.id AND e.type IN ('person.granted', 'person.glass_broken', 'person.stands_in')) AS last_granted,
       p.last_login AS last_sign_in
FROM membership m JOIN person p ON p.id = m.person_id
WHERE p.joined_at < %(until)s AND %(since)s::timestamptz IS NOT NULL
ORDER BY p.name, p.email
