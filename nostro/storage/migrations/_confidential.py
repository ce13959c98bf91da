"""Confidential payments in the database: one question, asked by the policy of each table.

Whoever looks without being cleared has `app.sight` set to 'open' (nostro.storage.tenancy). The
policies then leave out every confidential payment and all that tells of it, whatever the query.
"""

from nostro.storage.isolation import APP

# What is confidential, by kind and id. It runs as the owner, who sees what the reader may not, and
# so names the customer itself.
QUESTION = """
CREATE FUNCTION nostro_is_confidential(kind text, asked uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    whose uuid := current_setting('app.tenant')::uuid;
BEGIN
    IF asked IS NULL THEN
        RETURN false;
    END IF;
    CASE kind
    WHEN 'order' THEN
        RETURN EXISTS (SELECT FROM payment_order o
            WHERE o.tenant_id = whose AND o.id = asked AND o.confidential);
    WHEN 'run' THEN
        RETURN EXISTS (SELECT FROM payment_run r
            WHERE r.tenant_id = whose AND r.id = asked AND r.confidential);
    WHEN 'attempt' THEN
        RETURN EXISTS (SELECT FROM attempt a
            JOIN payment_order o ON o.tenant_id = a.tenant_id AND o.id = a.order_id
            WHERE a.tenant_id = whose AND a.id = asked AND o.confidential);
    WHEN 'submission' THEN
        RETURN EXISTS (SELECT FROM attempt a
            JOIN payment_order o ON o.tenant_id = a.tenant_id AND o.id = a.order_id
            WHERE a.tenant_id = whose AND a.submission_id = asked AND o.confidential)
        OR EXISTS (SELECT FROM case_file c
            JOIN payment_order o ON o.tenant_id = c.tenant_id AND o.id = c.order_id
            WHERE c.tenant_id = whose AND c.request_id = asked AND o.confidential)
        OR EXISTS (SELECT FROM journal_event j
            JOIN payment_order o ON o.tenant_id = j.tenant_id AND o.id = j.order_id
            WHERE j.tenant_id = whose AND j.posting_id = asked AND o.confidential);
    WHEN 'transaction' THEN
        RETURN EXISTS (SELECT FROM match m
            JOIN allocation l ON l.tenant_id = m.tenant_id AND l.match_id = m.id
            JOIN payment_order o ON o.tenant_id = l.tenant_id AND o.id = l.order_id
            WHERE m.tenant_id = whose AND m.transaction_id = asked AND o.confidential)
        OR EXISTS (SELECT FROM bank_transaction t
            JOIN payment_order o
                ON o.tenant_id = t.tenant_id AND o.end_to_end_id = t.end_to_end_id
            WHERE t.tenant_id = whose AND t.id = asked AND o.confidential)
        OR EXISTS (SELECT FROM bank_transaction t
            JOIN attempt a ON a.tenant_id = t.tenant_id
                AND a.payment_information_id = t.payment_information_id
            JOIN payment_order o ON o.tenant_id = a.tenant_id AND o.id = a.order_id
            WHERE t.tenant_id = whose AND t.id = asked AND t.payment_information_id <> ''
            AND o.confidential);
    WHEN 'case' THEN
        RETURN EXISTS (SELECT FROM case_file c WHERE c.tenant_id = whose AND c.id = asked
            AND (nostro_is_confidential('order', c.order_id)
                OR nostro_is_confidential('attempt', c.attempt_id)
                OR nostro_is_confidential('case', c.parent_id)));
    WHEN 'journal' THEN
        RETURN EXISTS (SELECT FROM journal_event j WHERE j.tenant_id = whose AND j.id = asked
            AND (nostro_is_confidential('order', j.order_id)
                OR nostro_is_confidential('transaction', j.transaction_id)));
    WHEN 'evidence' THEN
        RETURN EXISTS (SELECT FROM evidence e
            WHERE e.tenant_id = whose AND e.id = asked AND e.confidential)
        OR EXISTS (SELECT FROM payment_run r
            WHERE r.tenant_id = whose AND r.evidence_id = asked AND r.confidential)
        OR EXISTS (SELECT FROM submission s WHERE s.tenant_id = whose
            AND (s.evidence_id = asked OR s.sealed_evidence_id = asked)
            AND nostro_is_confidential('submission', s.id))
        OR EXISTS (SELECT FROM fact f WHERE f.tenant_id = whose AND f.evidence_id = asked
            AND nostro_is_confidential('attempt', f.attempt_id))
        OR EXISTS (SELECT FROM statement s
            JOIN bank_transaction t ON t.tenant_id = s.tenant_id AND t.statement_id = s.id
            WHERE s.tenant_id = whose AND s.evidence_id = asked
            AND nostro_is_confidential('transaction', t.id))
        OR EXISTS (SELECT FROM operator_evidence p
            WHERE p.tenant_id = whose AND p.attachment_id = asked
            AND (nostro_is_confidential('attempt', p.attempt_id)
                OR nostro_is_confidential('submission', p.submission_id)));
    ELSE
        RETURN false;
    END CASE;
END $$
"""
ANY = """
CREATE FUNCTION nostro_has_confidential() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM payment_order
        WHERE tenant_id = current_setting('app.tenant')::uuid AND confidential)
    OR EXISTS (SELECT FROM payment_run
        WHERE tenant_id = current_setting('app.tenant')::uuid AND confidential)
$$
"""
NEVER_LOWERED = """
CREATE FUNCTION nostro_stays_confidential() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what is confidential stays so' USING ERRCODE = '42501';
END $$
"""

# Both are asked once a query, not once a row: a customer without such payments pays nothing.
_SEES_ALL = (
    "(SELECT current_setting('app.sight', true)) IS DISTINCT FROM 'open'"
    " OR NOT (SELECT nostro_has_confidential())"
)
# Table, and which of its rows are confidential.
HIDDEN = {
    "payment_order": "confidential",
    "attempt": "nostro_is_confidential('order', order_id)",
    "approval": "nostro_is_confidential('order', order_id)",
    "hold": "nostro_is_confidential('order', order_id)",
    "allocation": "nostro_is_confidential('order', order_id)",
    "run_line": "nostro_is_confidential('run', run_id)",
    "fact": "nostro_is_confidential('attempt', attempt_id)",
    "operator_evidence": "nostro_is_confidential('attempt', attempt_id)",
    "case_file": "nostro_is_confidential('case', id)",
    "bank_transaction": "nostro_is_confidential('transaction', id)",
    "match": "nostro_is_confidential('transaction', transaction_id)",
    "journal_event": "nostro_is_confidential('journal', id)",
    "journal_line": "nostro_is_confidential('journal', journal_id)",
}


def sight(table: str, hidden: str) -> str:
    """A policy that only takes away, and only from who reads: writing is the workflows' affair."""
    return (
        f"CREATE POLICY only_cleared ON {table} AS RESTRICTIVE FOR SELECT TO {APP}"
        f" USING ({_SEES_ALL} OR NOT {hidden})"
    )


STEPS = [
    "CREATE INDEX order_confidential ON payment_order (tenant_id, run_id) WHERE confidential",
    "CREATE INDEX run_confidential ON payment_run (tenant_id, evidence_id) WHERE confidential",
    QUESTION,
    ANY,
    NEVER_LOWERED,
    *(
        f"CREATE TRIGGER stays_confidential BEFORE UPDATE OF confidential ON {table} FOR EACH ROW"
        " WHEN (OLD.confidential AND NOT NEW.confidential)"
        " EXECUTE FUNCTION nostro_stays_confidential()"
        for table in ("payment_order", "payment_run", "evidence")
    ),
    *(
        f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC"
        for name in ("nostro_is_confidential", "nostro_has_confidential")
    ),
    *(
        f"GRANT EXECUTE ON FUNCTION {name} TO {APP}"
        for name in ("nostro_is_confidential", "nostro_has_confidential")
    ),
    *(sight(table, hidden) for table, hidden in HIDDEN.items()),
]
