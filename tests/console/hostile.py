"""Texts as an attacker would write them, in every field that people, files and banks can fill.

Written by the owner of the tables past every check: no page may rely on a text being harmless
because some door refused others. The columns come from the database's own catalogue.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.db import connections

# Ends what it may stand in, becomes an element, is a template, is an address.
CANARY = (
    "\"'></title></textarea></option></select></script>"
    "<img src=x onerror=canary()><script>canary()</script><svg onload=canary()>"
    "{{1337*7331}}${1337*7331}<%=1337*7331%>javascript:canary()"
)
COMPUTED = str(1337 * 7331)

# What people, files and banks write. JSON: all texts inside, but what is under these names.
FREE: dict[str, str] = {
    "membership": "",
    "api_key": "name",
    "step_up": "",
    "invitation": "email name",
    "case_file": "sentence can_do owner_name reason",
    "operator_evidence": "told_by text stated_by_name decided_by_name",
    "payment_freeze": "reason frozen_by_name",
    "payment_freeze_lift": "person_name reason",
    "payee_change": "before after text decided_by_name",
    "statement": "statement_id verdict_reason",
    "balance": "",
    "bank_transaction": "bank_reference end_to_end_id payment_information_id counterparty_name"
    " counterparty_iban remittance transaction_code",
    "repeated_line": "",
    "intraday_report": "report_id",
    "pending_transaction": "bank_reference end_to_end_id uetr payment_information_id"
    " counterparty_name counterparty_iban remittance transaction_code",
    "statement_file": "",
    "open_item": "source document customer_number customer_name parent_number payer_iban"
    " further_references",
    "open_item_list": "source",
    "debtor": "number name parent_number ibans further_names source",
    "debtor_key": "",
    "open_item_key": "",
    "payer_key": "customer_number",
    "match": "decided_by undone_by undo_reason",
    "match_proposal": "refused_by refuse_reason",
    "adjustment": "customer_number",
    "allocation": "",
    "journal_event": "reference text",
    "journal_line": "ledger_account open_item text",
    "change_request": "subject before after reason asked_by_name ended_by_name ended_reason",
    "change_agreement": "person_name reason",
    "policy_version": "changed_by reason",
    "bank_calendar": "changed_by reason",
    "screening_clearance": "cleared_by reason",
    "issued_check": "payee payee_number source maker_name acted_by_name reason not_in_file",
    "check_exception": "payee bank_reference bank_reason differences first_by_name"
    " decided_by_name reason",
    "credit_note": "source reference document payee_number maker_name ended_by_name reason",
    "netting": "payee_number proposed_by_name decided_by_name told_to reason",
    "legal_hold": "name reason placed_by",
    "customer": "name",
    "legal_entity": "name address receivables_account",
    "connection": "name",
    "account": "name ledger_account clearing_account",
    "payee": "number name",
    "payee_account": "changed_by source_detail document asked_by_name agreed_by_name",
    "payee_details": "name address email changed_by source_detail document asked_by_name"
    " agreed_by_name",
    "payee_verification": "name_asked name_told asked_by_name",
    "name_question": "name name_key problem",
    "payee_confirmation": "spoke_with number_called said done_by_name agreed_by_name",
    "rate": "source",
    "payment_run": "source reference maker_name",
    "run_line": "sentence raw",
    "payment_order": "number source source_reference payee_number creditor_name creditor_address"
    " creditor_iban creditor_bic end_to_end_id remittance creditor_reference invoices maker_name",
    "hold": "sentence closed_by reason",
    "approval": "person_name",
    "submission": "message_id file_name bank_reference last_error",
    "attempt": "end_to_end_id payment_information_id reason_text rail_reference bank_reference",
    "fact": "message_id original_message_id end_to_end_id reason reason_text",
    "evidence": "media_type name",
    "event": "actor data on_behalf_of reason trace_id source_address",
    "identity_provider": "issuer client_id groups_claim",
    "federated_identity": "issuer subject",
    "advice_notice": "payee_number rule address message_id said asked_by_name reason",
    "advised_payment": "",
    "webhook_endpoint": "url description created_by disabled_because",
    "webhook_delivery": "last_error",
    "saved_view": "name",
}
# Our own words, ids and digests: what stands there is chosen from a list or computed by us. Where
# it were not, reading the row would fail, and nothing be shown.
_CODES = """
    series tentative
    prefix secret_hash scopes networks roles grants digest orders nonce method signature
    token_hash invited_by kind state stage natural_key owner outcome currency details
    stated_by decided_by scope cause frozen_by person_id origin code proposed_by verdict
    problems dedupe_digest status match_state evidence event action document_currency
    functional_currency wanted asked_by asked_by_kind asked_for acted_for rules purpose
    key_id kept_in evidence_kept_in config connector cursor callback_name iban bic base quote totals
    stated_totals format_profile maker_id roll_rule route policy_version waits_for approval_digest
    source_changes told_source refers_to media_type reason cancel_purpose identity direction
    body_digest body answer key type subject_kind previous_hash hash commitment root peaks
    statement group_roles event_types page query name content terms payee_digest list_code entry_id
    entry_digest local_account creditor_account number acted_by why time_zone if_nobody decision
    first_by source method number_source done_by changed_by formats payments notes rule
    evidence_class allocations adjustments code calibration
"""
CODES = frozenset(_CODES.split())
# Of JSON: what under these names is a code, an id, or read as one.
_JSON_CODES = (
    *("id", "kind", "state_before", "state_after", "country", "currency", "move", "rail", "scope"),
    *("changes", "events", "totals", "amount_minor"),
)


def text_columns() -> dict[str, dict[str, str]]:
    """Every column of a customer's tables that holds texts, with its type."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, b.attname, b.atttypid::regtype::text FROM pg_class c"
            " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'"
            " JOIN pg_attribute b ON b.attrelid = c.oid AND NOT b.attisdropped"
            " AND b.atttypid::regtype::text IN ('text', 'text[]', 'jsonb')"
            " WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition"
        )
        found: dict[str, dict[str, str]] = {}
        for table, column, kind in cursor.fetchall():
            found.setdefault(table, {})[column] = kind
    return found


def neither_free_nor_code() -> list[str]:
    """Columns that nobody has said anything about: new ones."""
    return [
        f"{table}.{column}"
        for table, columns in text_columns().items()
        for column in columns
        if column not in FREE.get(table, "").split() and column not in CODES
    ]


def fill(tenant_id: UUID) -> dict[str, int]:
    """Append the canary to every such text of a customer; returns how many rows of each column."""
    filled = {}
    with connections["owner"].cursor() as cursor:
        for table, columns in text_columns().items():
            free = FREE.get(table, "").split()
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            for column in free:
                change = _CHANGES[columns[column]].format(column)
                cursor.execute(
                    f"UPDATE {table} SET {column} = {change}"
                    f" WHERE tenant_id = %(tenant)s AND {column} IS NOT NULL",
                    {"tenant": tenant_id, "canary": CANARY, "codes": _PATTERN},
                )
                filled[f"{table}.{column}"] = cursor.rowcount
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        cursor.execute("UPDATE person SET name = name || %s", [CANARY])
    return filled


_PATTERN = f"({'|'.join(_JSON_CODES)})$"
_CHANGES = {
    "text": "CASE WHEN {0} = '' THEN '' ELSE {0} || %(canary)s END",
    "text[]": "(SELECT coalesce(array_agg(one || %(canary)s), '{{}}') FROM unnest({0}) one)",
    "jsonb": "CASE WHEN jsonb_typeof({0}) <> 'object' THEN {0} ELSE (SELECT coalesce("
    "jsonb_object_agg(key, CASE WHEN jsonb_typeof(value) = 'string' AND key !~ %(codes)s"
    " AND value <> '\"\"' THEN to_jsonb((value #>> '{{}}') || %(canary)s) ELSE value END), '{{}}')"
    " FROM jsonb_each({0})) END",
}


def executable(document: Any) -> Iterator[str]:
    """What of a page in a browser came out of a canary."""
    yield from document.evaluate(_LOOK)


_LOOK = """
() => [
  ...[...document.querySelectorAll("*")].flatMap(e => [...e.attributes]
    .filter(a => /^on/i.test(a.name) || /^\\s*javascript:/i.test(a.value)
      && /^(href|src|action|formaction|xlink:href|hx-.*)$/i.test(a.name))
    .map(a => `${e.tagName} ${a.name}=${a.value.slice(0, 60)}`)),
  ...[...document.querySelectorAll("img[src=x], script:not([src])")].map(e => e.outerHTML),
  ...(window.canaries ? [`ran ${window.canaries} times`] : []),
]
"""
