-- Open holds told as a JSON list.
INSERT INTO hold (
    tenant_id, id, order_id, code, sentence, refers_to, evidence, opened_at, closed_by, reason
)
SELECT %(tenant_id)s, id, order_id, code, sentence, refers_to, evidence, %(now)s, '', ''
FROM jsonb_to_recordset(%(holds)s::jsonb) AS h (
    id uuid, order_id uuid, code text, sentence text, refers_to text, evidence jsonb
)
