"""The clock of the house: finds what is due and wakes it; also the reconciler of lost wake-ups."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from nostro.storage import due
from nostro.storage.messages import identity_of
from nostro.storage.tenancy import tenant
from nostro.workflows.wake import wake
from nostro.workflows.webhook_watch import wake_webhooks

LEASE = timedelta(seconds=60)
LIMIT = 500
# Which job attends to the due rows of a table, and what it calls the row.
JOBS: Mapping[str, tuple[str, str]] = {
    "submission": ("attend_submission", "submission_id"),
    "connection": ("collect_messages", "connection_id"),
    "payment_run": ("continue_import", "run_id"),
    "case_file": ("attend_case", "case_id"),
    "policy_version": ("apply_policy", "policy_id"),
    "bank_message": ("understand_message", "message_id"),
    "check_exception": ("attend_check_exception", "exception_id"),
    "statement_file": ("continue_statements", "file_id"),
    "account": ("look_for_gaps", "account_id"),
}
# What is done for a customer as a whole, however many of its rows are due.
PER_CUSTOMER: Mapping[str, str] = {
    "payment_order": "release_payments",
    "issued_check": "tell_checks",
    "name_question": "ask_names",
}


def tick(now: datetime) -> int:
    """Lease due rows as nostro_ops, commit, then wake each per customer; returns how many woke.

    Many supervisors may tick; only the one that holds the advisory lock finds anything.
    """
    with due.only_one_ticks() as mine:
        if not mine:
            return 0
        found = {table: due.lease(table, now, LEASE, LIMIT) for table in (*JOBS, *PER_CUSTOMER)}
    for table, job in PER_CUSTOMER.items():
        for tenant_id in sorted({tenant_id for tenant_id, _ in found[table]}):
            with tenant(tenant_id):
                wake(job, tenant_id=tenant_id)
    for table, (job, word) in JOBS.items():
        for tenant_id, row_id in found[table]:
            with tenant(tenant_id):
                wake(job, tenant_id=tenant_id, **_ids(table, word, row_id))
    return sum(map(len, found.values())) + wake_webhooks(now)


def _ids(table: str, word: str, row_id: UUID) -> dict[str, UUID]:
    if table != "bank_message":
        return {word: row_id}
    connection_id, evidence_id = identity_of(row_id)
    return {"connection_id": connection_id, "evidence_id": evidence_id}
