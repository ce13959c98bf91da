-- One locked piece of an evidence; its bytes travel as they are, not written out as text.
INSERT INTO evidence_chunk (tenant_id, id, evidence_id, sequence, content)
VALUES (%(tenant_id)s, %(id)s, %(evidence_id)s, %(sequence)s, %(content)b)
