"""Cases as people work on them: a list by due time, and one case with all that it is about."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db.models import Count, Q, QuerySet

from nostro.domain.attempt import AttemptState
from nostro.domain.case import CaseKind, CaseState
from nostro.domain.money import Money
from nostro.domain.party import Role
from nostro.storage import events, models
from nostro.storage.listing import SEARCH_LENGTH_MAX, payment
from nostro.storage.operator_evidence import StatedRow, of_submission
from nostro.storage.pages.submission import FilePage, file_page
from nostro.storage.paging import Page, checked_limit, key_of, page_of
from nostro.storage.rows import PaymentRow, build, columns
from nostro.storage.tracing import TraceLine, line_of

OPEN = (CaseState.OPEN, CaseState.WAITING)


class CaseFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which cases are asked for. `owner`: a person's id or a role. `late_at`: due before."""

    states: tuple[CaseState, ...] = OPEN
    kind: CaseKind | None = None
    stage: str = ""
    owner: str = ""
    late_at: datetime | None = None
    q: str = ""


class CaseLine(msgspec.Struct, frozen=True, kw_only=True):
    """One case in a list, with the payment, file or statement that it is about."""

    id: UUID
    kind: CaseKind
    state: CaseState
    stage: str
    sentence: str
    can_do: str
    owner: str
    owner_name: str
    due_at: datetime
    opened_at: datetime
    resolved_at: datetime | None
    order_id: UUID | None
    number: str
    creditor_name: str
    amount: Money | None
    submission_id: UUID | None
    message_id: str
    statement_id: UUID | None
    statement_name: str

    @property
    def by_role(self) -> bool:
        """Nobody has taken it: it is still the work of a role."""
        return self.owner in set(Role)


class OwnerCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many open cases one owner has, and how many of them are late."""

    owner: str
    name: str
    count: int
    late: int


class AttemptAsked(msgspec.Struct, frozen=True, kw_only=True):
    """The one attempt that a case is about."""

    id: UUID
    state: AttemptState
    uetr: UUID


class CaseView(msgspec.Struct, frozen=True, kw_only=True):
    """One case with everything around it. `file` is the one that the case is about."""

    line: CaseLine
    natural_key: str
    outcome: str
    reason: str
    details: dict[str, Any]
    payment: PaymentRow | None
    attempt: AttemptAsked | None
    file: FilePage | None
    request: FilePage | None
    parent: CaseLine | None
    children: tuple[CaseLine, ...]
    stated: tuple[StatedRow, ...]
    story: tuple[TraceLine, ...]


def cases(asked: CaseFilter, *, limit: int, cursor: str = "") -> Page[CaseLine]:
    """Cases by due time, the most urgent first."""
    size = checked_limit(limit)
    found = _matching(asked)
    if cursor:
        due, last = key_of("case_lines", cursor, _time_and_id)
        found = found.filter(Q(due_at__gt=due) | Q(due_at=due, id__gt=last))
    rows = _lines(found.order_by("due_at", "id"), size + 1)
    return page_of("case_lines", rows, size, lambda row: (row.due_at.isoformat(), str(row.id)))


def owners(now: datetime) -> list[OwnerCount]:
    """Who has how many open cases; people before roles."""
    found = models.Case.objects.filter(state__in=[state.value for state in OPEN])
    rows = found.values("owner", "owner_name").annotate(
        count=Count("id"), late=Count("id", filter=Q(due_at__lt=now))
    )
    told = [
        OwnerCount(
            owner=r["owner"], name=r["owner_name"] or r["owner"], count=r["count"], late=r["late"]
        )
        for r in rows
    ]
    return sorted(told, key=lambda one: (one.owner in set(Role), -one.count, one.name))


def counts_by_kind() -> dict[CaseKind, int]:
    """How many open cases of each kind there are."""
    found = models.Case.objects.filter(state__in=[state.value for state in OPEN])
    counts = found.values_list("kind").annotate(count=Count("id")).order_by("kind")
    return {CaseKind(kind): count for kind, count in counts}


def case(case_id: UUID) -> CaseView | None:
    """One case; None when this customer has no such case."""
    about = models.Case.objects.filter(id=case_id)
    line = next(iter(_lines(about, 1)), None)
    if line is None:
        return None
    names = ("natural_key", "outcome", "reason", "details", "attempt_id", "request_id", "parent_id")
    told = about.values(*names)[0]
    parents = models.Case.objects.filter(id=told["parent_id"]) if told["parent_id"] else None
    request_id = told["request_id"]
    return CaseView(
        line=line,
        natural_key=told["natural_key"],
        outcome=told["outcome"],
        reason=told["reason"],
        details=told["details"],
        payment=payment(line.order_id) if line.order_id else None,
        attempt=_attempt(told["attempt_id"]),
        file=file_page(line.submission_id) if line.submission_id else None,
        request=file_page(request_id) if request_id else None,
        parent=next(iter(_lines(parents, 1)), None) if parents is not None else None,
        children=tuple(_lines(models.Case.objects.filter(parent_id=case_id).order_by("id"), 20)),
        stated=tuple(of_submission(line.submission_id)) if line.submission_id else (),
        story=tuple(line_of(event) for event in events.about([case_id])),
    )


def _attempt(attempt_id: UUID | None) -> AttemptAsked | None:
    if attempt_id is None:
        return None
    row = models.Attempt.objects.filter(id=attempt_id).values("id", "state", "uetr").first()
    return build(AttemptAsked, row) if row else None


def _matching(asked: CaseFilter) -> QuerySet[models.Case]:
    plain = {"kind": asked.kind.value if asked.kind else "", "stage": asked.stage}
    plain |= {"owner": asked.owner}
    found = models.Case.objects.filter(**{name: told for name, told in plain.items() if told})
    found = found.filter(state__in=[state.value for state in asked.states])
    if asked.late_at:
        found = found.filter(due_at__lt=asked.late_at)
    if asked.q:
        text = asked.q[:SEARCH_LENGTH_MAX]
        found = found.filter(
            Q(sentence__icontains=text)
            | Q(order__number__iexact=text)
            | Q(order__creditor_name__icontains=text)
            | Q(submission__message_id__iexact=text)
        )
    return found


_JOINED = {
    "number": "order__number",
    "creditor_name": "order__creditor_name",
    "message_id": "submission__message_id",
    "statement_name": "statement__statement_id",
}


def _lines(found: QuerySet[models.Case], limit: int) -> list[CaseLine]:
    names = columns(CaseLine, "amount", *_JOINED)
    amounts = ("amount_minor", "currency", "order__amount_minor", "order__currency")
    return [
        build(
            CaseLine,
            row,
            amount=_amount(row),
            **{name: row[path] or "" for name, path in _JOINED.items()},
        )
        for row in found.values(*names, *amounts, *_JOINED.values())[:limit]
    ]


def _amount(row: Any) -> Money | None:
    """The case's own amount, or else the payment's."""
    if row["amount_minor"] is not None:
        return Money(row["amount_minor"], row["currency"])
    if row["order__amount_minor"] is not None:
        return Money(row["order__amount_minor"], row["order__currency"])
    return None


def _time_and_id(time: str, key: str) -> tuple[datetime, UUID]:
    return datetime.fromisoformat(time).astimezone(UTC), UUID(key)
