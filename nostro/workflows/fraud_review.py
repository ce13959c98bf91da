"""The yearly review of how fraud is monitored: when it is overdue, people are told by a Case."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from uuid import UUID

from nostro.domain.case import CaseKind
from nostro.domain.policies.fraud_monitoring import FraudMonitoring, overdue
from nostro.storage import policies
from nostro.storage.cases import NewCase
from nostro.storage.tenancy import tenant
from nostro.workflows import case_work
from nostro.workflows.context import Acting
from nostro.workflows.moves import CASE_DUE_IN


def attend(acting: Acting, policy_id: UUID) -> bool:
    """Look at a version whose time has come: wait until the review is due, or tell people. False
    where it is of another policy."""
    with tenant(acting.tenant_id):
        if policies.kind_of(policy_id) != FraudMonitoring.KIND:
            return False
        now = acting.world.clock.now()
        _attend(acting, policy_id, now)
        return True


def _attend(acting: Acting, policy_id: UUID, now: datetime) -> None:
    told = policies.in_force(FraudMonitoring, now)
    due = told.next_due
    if due is None or not policies.is_in_force(policy_id, now):
        return policies.came_into_force(policy_id)
    if not (sentence := overdue(told, now.date())):
        return policies.look_again(
            policy_id, datetime.combine(due + timedelta(days=1), time(), tzinfo=UTC)
        )
    case_work.open_again(
        acting,
        NewCase(
            id=acting.world.ids.new(),
            kind=CaseKind.CONTROL,
            natural_key=f"fraud_monitoring/{due.isoformat()}",
            sentence=sentence,
            can_do="Review the procedure, then have its new date agreed to (change"
            " fraud_monitoring).",
            due_at=now + CASE_DUE_IN,
        ),
    )
    return policies.came_into_force(policy_id)
