"""The clock of the house: finds what is due and wakes it; also the reconciler of lost wake-ups."""

from __future__ import annotations

from datetime import datetime, timedelta

from nostro.storage import due
from nostro.storage.messages import identity_of
from nostro.storage.tenancy import tenant
from nostro.workflows.wake import wake

LEASE = timedelta(seconds=60)
LIMIT = 500


def tick(now: datetime) -> int:
    """Lease due rows as nostro_ops, commit, then wake each per customer; returns how many woke.

    Many supervisors may tick; only the one that holds the advisory lock finds anything.
    """
    with due.only_one_ticks() as mine:
        if not mine:
            return 0
        submissions = due.lease("submission", now, LEASE, LIMIT)
        orders = due.lease("payment_order", now, LEASE, LIMIT)
        connections = due.lease("connection", now, LEASE, LIMIT)
        messages = due.lease("bank_message", now, LEASE, LIMIT)
        runs = due.lease("payment_run", now, LEASE, LIMIT)
    for tenant_id, row_id in submissions:
        with tenant(tenant_id):
            wake("attend_submission", tenant_id=tenant_id, submission_id=row_id)
    for tenant_id in sorted({tenant_id for tenant_id, _ in orders}):
        with tenant(tenant_id):
            wake("release_payments", tenant_id=tenant_id)
    for tenant_id, row_id in connections:
        with tenant(tenant_id):
            wake("collect_messages", tenant_id=tenant_id, connection_id=row_id)
    for tenant_id, row_id in runs:
        with tenant(tenant_id):
            wake("continue_import", tenant_id=tenant_id, run_id=row_id)
    for tenant_id, row_id in messages:
        with tenant(tenant_id):
            connection_id, evidence_id = identity_of(row_id)
            wake(
                "understand_message",
                tenant_id=tenant_id,
                connection_id=connection_id,
                evidence_id=evidence_id,
            )
    return len(submissions) + len(orders) + len(connections) + len(messages) + len(runs)
