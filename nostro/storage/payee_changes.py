"""Proposed changes of payees' bank details, as stored; an open one stops payments to its payee."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from nostro.domain.payee_change import ChangeState
from nostro.domain.submission import SUBMISSION, SubmissionMove
from nostro.storage import models
from nostro.storage.tenancy import current

_STILL_HERE = {state.value for state in SUBMISSION.sources(SubmissionMove.ABANDON)}


class NewChange(msgspec.Struct, frozen=True, kw_only=True):
    """A change to propose. `before` and `after` are AccountDetails as plain data; `after` may say
    more. `natural_key` makes one correction one proposal."""

    id: UUID
    payee_id: UUID
    origin: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    code: str
    text: str
    case_id: UUID | None
    proposed_by: str
    natural_key: str


class ChangeRow(msgspec.Struct, frozen=True, kw_only=True):
    """A proposed change as people see it; `after` is what the bank told, in its own terms."""

    id: UUID
    payee_id: UUID
    payee_number: str
    payee_name: str
    state: ChangeState
    origin: str
    before: dict[str, Any]
    after: dict[str, Any]
    code: str
    text: str
    case_id: UUID | None
    run_id: UUID | None
    proposed_by: str
    proposed_at: datetime
    decided_by_name: str
    decided_at: datetime | None


def lock_proposed(change_id: UUID) -> ChangeRow | None:
    """A change that nobody has decided on, locked."""
    rows = models.PayeeChange.objects.select_for_update(of=("self",), no_key=True).select_related(
        "payee"
    )
    row = rows.filter(id=change_id, state=ChangeState.PROPOSED.value).first()
    return _change(row) if row else None


def waiting(limit: int) -> list[ChangeRow]:
    """Changes that somebody has to decide on, oldest first."""
    rows = models.PayeeChange.objects.filter(state=ChangeState.PROPOSED.value)
    return [_change(row) for row in rows.select_related("payee").order_by("proposed_at")[:limit]]


def of_case(case_id: UUID) -> list[ChangeRow]:
    rows = models.PayeeChange.objects.filter(case_id=case_id).select_related("payee")
    return [_change(row) for row in rows.order_by("proposed_at")]


def file_of(change: ChangeRow) -> UUID | None:
    """The file that brought it, by its kept bytes: a bank's words, or a run of payments."""
    runs = models.PaymentRun.objects.filter(id__in=[change.run_id] if change.run_id else [])
    if found := runs.values_list("evidence_id", flat=True).first():
        return found
    cases = models.Case.objects.filter(id__in=[change.case_id] if change.case_id else [])
    attempts = cases.exclude(attempt=None).values("attempt_id")
    said = models.Fact.objects.filter(attempt_id__in=attempts, reason=change.code)
    return said.order_by("-received_at").values_list("evidence_id", flat=True).first()


def decide(change_id: UUID, state: ChangeState, person_id: str, name: str, now: datetime) -> None:
    models.PayeeChange.objects.filter(id=change_id).update(
        state=state.value, decided_by=person_id, decided_by_name=name, decided_at=now
    )


def _change(row: models.PayeeChange) -> ChangeRow:
    special = {"payee_number", "payee_name", "state"}
    return ChangeRow(
        payee_number=row.payee.number,
        payee_name=row.payee.name,
        state=ChangeState(row.state),
        **{name: getattr(row, name) for name in ChangeRow.__struct_fields__ if name not in special},
    )


def propose(change: NewChange, now: datetime, run_id: UUID | None = None) -> bool:
    """Store a proposal, with the run that brought it; False when the same one was made before,
    whatever became of it."""
    told = {name: getattr(change, name) for name in change.__struct_fields__}
    key = told.pop("natural_key")
    _, created = models.PayeeChange.objects.get_or_create(
        tenant_id=current(),
        natural_key=key,
        defaults={
            **told,
            "run_id": run_id,
            "before": dict(change.before),
            "after": dict(change.after),
            "state": ChangeState.PROPOSED.value,
            "proposed_at": now,
        },
    )
    return created
