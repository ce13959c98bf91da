"""Cases by what people and programs look for, the most urgent first, with what each is about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeVar
from uuid import UUID

import msgspec
from django.db.models import Q, QuerySet

from nostro.domain.case import CaseKind, CaseState
from nostro.domain.errors import Invalid
from nostro.domain.money import Money
from nostro.domain.party import Role
from nostro.storage import confidential, models
from nostro.storage.listing import plain
from nostro.storage.paging import LIMIT_DEFAULT, Page, checked_limit, key_of, page_of
from nostro.storage.rows import build, columns

OPEN: Final = (CaseState.OPEN, CaseState.WAITING)


class CaseFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which cases are wanted; what is empty does not narrow. `owner`: a person's id or a role.
    `q`: words of its sentence, part of a payee's name, or a whole payment number or message id."""

    states: tuple[CaseState, ...] = ()
    kinds: tuple[CaseKind, ...] = ()
    stage: str = ""
    owner: str = ""
    due_before: datetime | None = None
    order: UUID | None = None
    submission: UUID | None = None
    q: str = ""


class CaseLine(msgspec.Struct, frozen=True, kw_only=True):
    """One case with the payment, file or statement that it is about. `own_amount` is the money
    that it is about, where that is not simply the payment's."""

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
    outcome: str
    order_id: UUID | None
    attempt_id: UUID | None
    submission_id: UUID | None
    request_id: UUID | None
    statement_id: UUID | None
    parent_id: UUID | None
    own_amount: Money | None
    reason: str
    details: dict[str, Any]
    number: str
    creditor_name: str
    payment_amount: Money | None
    message_id: str
    statement_name: str

    @property
    def amount(self) -> Money | None:
        return self.own_amount or self.payment_amount

    @property
    def by_role(self) -> bool:
        """Nobody has taken it: it is still the work of a role."""
        return self.owner in set(Role)


def cases(wanted: CaseFilter, *, limit: int = LIMIT_DEFAULT, cursor: str = "") -> Page[CaseLine]:
    """Cases by due time, the most urgent first."""
    size = checked_limit(limit)
    found = _found(wanted)
    if cursor:
        due, last = key_of("cases", cursor, _time_and_id)
        found = found.filter(Q(due_at__gt=due) | Q(due_at=due, id__gt=last))
    rows = lines(found.order_by("due_at", "id"), size + 1)
    return page_of("cases", rows, size, lambda row: (row.due_at.isoformat(), str(row.id)))


def case(case_id: UUID) -> CaseLine | None:
    """One case; None when this customer has no such case."""
    return next(iter(lines(models.Case.objects.filter(id=case_id), 1)), None)


def lines(found: QuerySet[models.Case], limit: int) -> list[CaseLine]:
    """The first of these cases, in their order."""
    names = columns(CaseLine, "own_amount", "payment_amount", *_JOINED)
    rows = [
        build(
            CaseLine,
            row,
            own_amount=_amount(row, ""),
            payment_amount=_amount(row, "order__"),
            **{name: row[path] or "" for name, path in _JOINED.items()},
        )
        for row in found.values(*names, *_AMOUNTS, *_JOINED.values())[:limit]
    ]
    confidential.note("case", (row.id for row in rows))
    return rows


def kinds(text: str) -> tuple[CaseKind, ...]:
    """Kinds as people write them, commas between; raises Invalid."""
    return tuple(_known(text, CaseKind, "kind"))


def states(text: str) -> tuple[CaseState, ...]:
    """States as people write them, commas between; raises Invalid."""
    return tuple(_known(text, CaseState, "state"))


_JOINED: Final = {
    "number": "order__number",
    "creditor_name": "order__creditor_name",
    "message_id": "submission__message_id",
    "statement_name": "statement__statement_id",
}
_AMOUNTS: Final = ("amount_minor", "currency", "order__amount_minor", "order__currency")
Word = TypeVar("Word", CaseKind, CaseState)


def _found(wanted: CaseFilter) -> QuerySet[models.Case]:
    asked = {
        "state__in": [state.value for state in wanted.states],
        "kind__in": [kind.value for kind in wanted.kinds],
        "stage": plain(wanted.stage, "stage"),
        "owner": plain(wanted.owner, "owner"),
        "due_at__lt": wanted.due_before,
        "order_id": wanted.order,
        "submission_id": wanted.submission,
    }
    found = models.Case.objects.filter(**{name: told for name, told in asked.items() if told})
    if not wanted.q:
        return found
    text = plain(wanted.q, "q")
    return found.filter(
        Q(sentence__icontains=text)
        | Q(order__number__iexact=text)
        | Q(order__creditor_name__icontains=text)
        | Q(submission__message_id__iexact=text)
    )


def _amount(row: Mapping[str, Any], before: str) -> Money | None:
    minor = row[f"{before}amount_minor"]
    return None if minor is None else Money(minor, row[f"{before}currency"])


def _time_and_id(time: str, key: str) -> tuple[datetime, UUID]:
    return datetime.fromisoformat(time).astimezone(UTC), UUID(key)


def _known(text: str, words: Iterable[Word], field: str) -> list[Word]:
    known = {word.value: word for word in words}
    wanted = [part.strip() for part in text.split(",")] if text else []
    unknown = [part for part in wanted if part not in known]
    if unknown:
        raise Invalid(
            f"{field}_unknown",
            f"{unknown[0][:40]!r} is not a {field} of a case.",
            can_do=f"Use one of: {', '.join(known)}.",
            field=field,
        )
    return [known[part] for part in wanted]
