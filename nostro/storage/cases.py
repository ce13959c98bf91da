"""Cases as stored: one per cause, with an owner, a due time and, for some kinds, a stage."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db.models import Q

from nostro.domain.case import OWNED_BY, CaseKind, CaseState, first_stage
from nostro.domain.money import Money
from nostro.storage import bulk, models
from nostro.storage.tenancy import current


class NewCase(msgspec.Struct, frozen=True, kw_only=True):
    """A case to open. `natural_key` makes one cause one case.

    `amount` is the money that it is about, when that is not simply the order's; `details` is what
    only this kind knows (ids of a recall, the old and new account of a correction).
    """

    id: UUID
    kind: CaseKind
    natural_key: str
    sentence: str
    can_do: str
    due_at: datetime
    order_id: UUID | None = None
    submission_id: UUID | None = None
    statement_id: UUID | None = None
    attempt_id: UUID | None = None
    parent_id: UUID | None = None
    amount: Money | None = None
    reason: str = ""
    details: Mapping[str, Any] = {}
    next_action_at: datetime | None = None


class CaseRow(msgspec.Struct, frozen=True, kw_only=True):
    """A case with everything that its workflows need. `owner` is a role or a person's id."""

    id: UUID
    kind: CaseKind
    state: CaseState
    stage: str
    natural_key: str
    sentence: str
    can_do: str
    owner: str
    owner_name: str
    due_at: datetime
    opened_at: datetime
    resolved_at: datetime | None
    outcome: str
    next_action_at: datetime | None
    order_id: UUID | None
    attempt_id: UUID | None
    submission_id: UUID | None
    request_id: UUID | None
    statement_id: UUID | None
    parent_id: UUID | None
    amount: Money | None
    reason: str
    details: dict[str, Any]


def open_all(cases: Iterable[NewCase], now: datetime) -> int:
    """Open cases; one that was already opened for the same cause is not opened again."""
    tenant_id = current()
    return bulk.insert(models.Case, (_columns(case, tenant_id, now) for case in cases))


def _columns(case: NewCase, tenant_id: UUID, now: datetime) -> dict[str, Any]:
    told = {name: getattr(case, name) for name in case.__struct_fields__ if name != "amount"}
    owner = OWNED_BY[case.kind].value
    return {
        **told,
        "kind": case.kind.value,
        "details": dict(case.details),
        "amount_minor": case.amount.minor if case.amount else None,
        "currency": case.amount.currency if case.amount else "",
        "tenant_id": tenant_id,
        "state": CaseState.OPEN.value,
        "stage": first_stage(case.kind),
        "owner": owner,
        "owner_name": owner,
        "opened_at": now,
        "resolved_at": None,
    }


def lock(case_id: UUID) -> CaseRow | None:
    row = models.Case.objects.select_for_update(no_key=True).filter(id=case_id).first()
    return case_of(row) if row else None


def look(case_id: UUID) -> CaseRow | None:
    """A case as it is, not locked: what has to be locked before it can be read of it."""
    row = models.Case.objects.filter(id=case_id).first()
    return case_of(row) if row else None


def reversals_of_traces(traces: Collection[str]) -> dict[str, CaseRow]:
    """Our reversals by the trace numbers under which their entries went; not locked."""
    rows = models.Case.objects.filter(kind=CaseKind.REVERSAL.value, details__trace__in=list(traces))
    return {row.details["trace"]: case_of(row) for row in rows.order_by("opened_at", "id")}


def lock_by_key(kind: CaseKind, natural_key: str) -> CaseRow | None:
    rows = models.Case.objects.select_for_update(no_key=True)
    row = rows.filter(kind=kind.value, natural_key=natural_key).first()
    return case_of(row) if row else None


def forget_statements(statement_ids: Collection[UUID]) -> None:
    """Statements that are taken back: no case points to them any more."""
    models.Case.objects.filter(bulk.one_of("statement_id", statement_ids)).update(statement_id=None)


def open_of_keys(kind: CaseKind, prefix: str) -> list[CaseRow]:
    """The unresolved cases of one kind whose key begins so, locked."""
    rows = models.Case.objects.select_for_update(no_key=True).filter(
        kind=kind.value, natural_key__startswith=prefix, resolved_at__isnull=True
    )
    return [case_of(row) for row in rows.order_by("id")]


def of_orders(order_ids: Collection[UUID], kind: CaseKind) -> list[CaseRow]:
    """The cases of one kind about these orders, oldest first."""
    rows = models.Case.objects.filter(bulk.one_of("order_id", order_ids), kind=kind.value)
    return [case_of(row) for row in rows.order_by("opened_at", "id")]


def under_recall(order_ids: Collection[UUID]) -> list[UUID]:
    """Which of these orders we are asking back."""
    rows = models.Case.objects.filter(
        kind=CaseKind.RECALL.value, order_id__in=order_ids, resolved_at__isnull=True
    )
    return list(rows.values_list("order_id", flat=True))


def recall(case_id: UUID | None) -> CaseRow | None:
    """A recall by its id, which banks repeat to us; not locked."""
    rows = models.Case.objects.filter(kind=CaseKind.RECALL.value)
    row = rows.filter(id=case_id).first() if case_id else None
    return case_of(row) if row else None


def recalls_of_message(message_id: str) -> list[CaseRow]:
    """The newest recall of each payment of one file, by the message id of the file or of our
    request to cancel; not locked."""
    named = Q(submission__message_id=message_id) | Q(request__message_id=message_id)
    rows = models.Case.objects.filter(named, kind=CaseKind.RECALL.value)
    newest = {row.attempt_id: case_of(row) for row in rows.order_by("opened_at", "id")}
    return list(newest.values())


def newest_recalls(attempt_ids: Collection[UUID]) -> dict[UUID, CaseRow]:
    """The last recall of each of these attempts that has been asked back before, locked."""
    rows = models.Case.objects.select_for_update(no_key=True).filter(
        kind=CaseKind.RECALL.value, attempt_id__in=attempt_ids
    )
    found = map(case_of, rows.order_by("opened_at", "id"))
    return {case.attempt_id: case for case in found if case.attempt_id}


def open_of_orders(order_ids: Collection[UUID], kind: CaseKind) -> list[CaseRow]:
    """The unresolved cases of one kind about these orders, oldest first, locked."""
    rows = models.Case.objects.select_for_update(no_key=True).filter(
        bulk.one_of("order_id", order_ids), kind=kind.value, resolved_at__isnull=True
    )
    return [case_of(row) for row in rows.order_by("opened_at", "id")]


def of_request(submission_id: UUID) -> list[CaseRow]:
    """The cases whose recall or reversal this submission carries, locked."""
    rows = models.Case.objects.select_for_update(no_key=True).filter(request_id=submission_id)
    return [case_of(row) for row in rows.order_by("id")]


def open_about_submission(submission_id: UUID, kind: CaseKind) -> list[CaseRow]:
    """Unresolved cases of one kind about a file, locked."""
    rows = models.Case.objects.select_for_update(no_key=True).filter(
        submission_id=submission_id, kind=kind.value, resolved_at__isnull=True
    )
    return [case_of(row) for row in rows.order_by("id")]


def update(case_id: UUID, **changes: Any) -> None:
    """Change columns of one case; states and stages change in workflows.case_work only."""
    models.Case.objects.filter(id=case_id).update(**changes)


def update_all(case_ids: Collection[UUID], **changes: Any) -> None:
    """The same for a set of locked cases."""
    models.Case.objects.filter(bulk.one_of("id", case_ids)).update(**changes)


def case_of(row: models.Case) -> CaseRow:
    money = None if row.amount_minor is None else Money(row.amount_minor, row.currency)
    special = {"kind", "state", "amount"}
    return CaseRow(
        kind=CaseKind(row.kind),
        state=CaseState(row.state),
        amount=money,
        **{name: getattr(row, name) for name in CaseRow.__struct_fields__ if name not in special},
    )
