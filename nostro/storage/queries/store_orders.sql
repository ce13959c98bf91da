-- Insert payment orders told as a JSON list; one that a unique key already holds is passed over.
INSERT INTO payment_order (
    tenant_id, id, number, state, state_since, source, source_reference, run_id, entity_id,
    payee_account_id, payee_number, amount_minor, currency, creditor_name, creditor_address,
    creditor_iban, creditor_account, creditor_bic, requested_date, latest_date, roll_rule,
    end_to_end_id, remittance, creditor_reference, invoices, account_id, route, policy_version,
    approval_digest, maker_id, maker_name, created_at, source_changes, replaces_id, next_action_at, confidential,
    waits_for
)
SELECT
    tenant_id, id, number, state, state_since, source, source_reference, run_id, entity_id,
    payee_account_id, payee_number, amount_minor, currency, creditor_name, creditor_address,
    creditor_iban, creditor_account, creditor_bic, requested_date, latest_date, roll_rule,
    end_to_end_id, remittance, creditor_reference, invoices, account_id, route, policy_version,
    approval_digest, maker_id, maker_name, created_at, source_changes, replaces_id, next_action_at, confidential,
    waits_for
FROM jsonb_populate_recordset(NULL::payment_order, %(orders)s::jsonb)
ON CONFLICT DO NOTHING
RETURNING id
