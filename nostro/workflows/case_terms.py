"""When the term of a case is over, whoever was to act has not: the case goes back to a person."""

from __future__ import annotations

from uuid import UUID

from nostro.domain.case import CaseKind
from nostro.storage import cases
from nostro.storage.tenancy import tenant
from nostro.workflows import recall, reversing
from nostro.workflows.context import Acting


def attend(acting: Acting, case_id: UUID) -> None:
    """Act on a case whose term may be over. Safe to call at any time."""
    with tenant(acting.tenant_id):
        seen = cases.look(case_id)
        if seen and seen.kind is CaseKind.REVERSAL:  # Its file is locked before the case.
            reversing.attend(acting, case_id)
            return
        row = cases.lock(case_id)
        if row is None or row.next_action_at is None or row.resolved_at is not None:
            return
        if row.kind is CaseKind.RECALL and row.due_at <= acting.world.clock.now():
            recall.attend(acting, row)
        elif row.kind is not CaseKind.RECALL:
            cases.update(row.id, next_action_at=None)
