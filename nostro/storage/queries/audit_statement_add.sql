-- Write down a signed statement (as nostro_ops).
INSERT INTO audit_statement
    (tenant_id, number, kind, position, statement, signature, made_at, exported_at)
VALUES (%(tenant_id)s, %(number)s, %(kind)s, %(position)s, %(statement)s, %(signature)s,
        %(made_at)s, NULL)
