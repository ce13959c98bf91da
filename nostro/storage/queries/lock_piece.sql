-- A piece of an evidence that was kept open, from now on locked.
UPDATE evidence_chunk SET content = %(content)b
WHERE tenant_id = %(tenant_id)s AND evidence_id = %(evidence_id)s AND sequence = %(sequence)s
