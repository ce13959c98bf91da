-- Every place outside the database keeps this statement (as nostro_ops).
UPDATE audit_statement SET exported_at = %(now)s
WHERE tenant_id = %(tenant_id)s AND number = %(number)s
