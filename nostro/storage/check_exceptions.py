"""Presented checks that people decide on, as stored; they move in workflows only."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db.models import Q

from nostro.domain.check_exception import WAITS, Decision, Difference, ExceptionState, Why
from nostro.domain.duties import Touched
from nostro.domain.money import Money
from nostro.storage import bulk, models
from nostro.storage.paging import LIMIT_DEFAULT, Page, checked_limit, key_of, page_of
from nostro.storage.tenancy import current


class ExceptionRow(msgspec.Struct, frozen=True, kw_only=True):
    """One presented check, with its account and what the register says of it."""

    id: UUID
    account_id: UUID
    account_name: str
    entity_id: UUID
    connection_id: UUID
    issued_id: UUID | None
    number: str
    amount: Money
    payee: tuple[str, ...]
    presented_on: date
    issued_on: date | None
    bank_reference: str
    bank_reason: str
    why: Why
    differences: tuple[Difference, ...]
    state: ExceptionState
    state_since: datetime
    received_at: datetime
    decide_by: datetime
    time_zone: str
    if_nobody: Decision
    decision: Decision | None
    first_by: str
    first_by_name: str
    decided_by: str
    decided_by_name: str
    decided_at: datetime | None
    reason: str
    decision_file_id: UUID | None

    def touched(self) -> Touched:
        """What a decision on it is about."""
        return Touched(
            entity_id=str(self.entity_id), account_id=str(self.account_id), amount=self.amount
        )


_JOINED = {"account_name": "account__name", "entity_id": "account__entity_id"}
_MADE = ("amount", "payee", "differences", "decision", *_JOINED)
_PLAIN = [name for name in ExceptionRow.__struct_fields__ if name not in _MADE]
_READ = [
    *_PLAIN,
    *("amount_minor", "currency", "payee", "differences", "decision"),
    *_JOINED.values(),
]


def _row(found: dict[str, Any]) -> ExceptionRow:
    plain = {name: found[name] for name in _PLAIN}
    plain |= {
        "why": Why(found["why"]),
        "state": ExceptionState(found["state"]),
        "if_nobody": Decision(found["if_nobody"]),
    }
    return ExceptionRow(
        **plain,
        **{name: found[path] for name, path in _JOINED.items()},
        amount=Money(found["amount_minor"], found["currency"]),
        payee=tuple(found["payee"]),
        differences=tuple(msgspec.convert(found["differences"], list[Difference])),
        decision=Decision(found["decision"]) if found["decision"] else None,
    )


def _rows(found: Any) -> list[ExceptionRow]:
    return [_row(one) for one in found.values(*_READ)]


def insert(rows: Iterable[Mapping[str, Any]]) -> int:
    """Keep presented checks; one that was told before is passed over."""
    tenant_id = current()
    return bulk.insert(models.CheckException, ({**row, "tenant_id": tenant_id} for row in rows))


def known(account_id: UUID, identities: Collection[str]) -> frozenset[str]:
    """Those of these that the bank told before."""
    rows = models.CheckException.objects.filter(account_id=account_id)
    rows = rows.filter(bulk.one_of("identity", list(identities)))
    return frozenset(rows.values_list("identity", flat=True))


def exceptions(
    states: Collection[ExceptionState] = (), *, limit: int = LIMIT_DEFAULT, cursor: str = ""
) -> Page[ExceptionRow]:
    """Presented checks, those that must be decided first before the others."""
    size = checked_limit(limit)
    found = models.CheckException.objects.all()
    if states:
        found = found.filter(state__in=[state.value for state in states])
    if cursor:
        due, last = key_of("check_exceptions", cursor, _time_and_id)
        found = found.filter(Q(decide_by__gt=due) | Q(decide_by=due, id__gt=last))
    rows = _rows(found.order_by("decide_by", "id")[: size + 1])
    return page_of(
        "check_exceptions", rows, size, lambda row: (row.decide_by.isoformat(), str(row.id))
    )


def newest(states: Collection[ExceptionState], limit: int) -> list[ExceptionRow]:
    """The last of those that came into one of these states."""
    found = models.CheckException.objects.filter(state__in=[state.value for state in states])
    return _rows(found.order_by("-state_since", "-id")[:limit])


def exception(exception_id: UUID) -> ExceptionRow | None:
    return next(iter(_rows(models.CheckException.objects.filter(id=exception_id))), None)


def lock(exception_ids: Collection[UUID]) -> list[ExceptionRow]:
    """Lock presented checks, in the order of their ids."""
    rows = models.CheckException.objects.select_for_update(no_key=True, of=("self",))
    return _rows(rows.filter(bulk.one_of("id", exception_ids)).order_by("id"))


def lock_decided(account_id: UUID) -> list[ExceptionRow]:
    """The decisions of an account that its bank has not been told, locked."""
    rows = models.CheckException.objects.select_for_update(no_key=True, of=("self",))
    found = rows.filter(
        account_id=account_id,
        state=ExceptionState.DECIDED,
        decision_file__isnull=True,
    )
    return _rows(found.order_by("id"))


def in_file(submission_id: UUID) -> list[ExceptionRow]:
    """The decisions that a file carries, locked."""
    rows = models.CheckException.objects.select_for_update(no_key=True, of=("self",))
    return _rows(rows.filter(decision_file_id=submission_id).order_by("id"))


def lock_presented(account_id: UUID, number: str, amount: Money) -> list[ExceptionRow]:
    """What was asked about a check of this number and amount and is not booked yet, locked."""
    rows = models.CheckException.objects.select_for_update(no_key=True, of=("self",))
    found = rows.filter(
        account_id=account_id, number=number, amount_minor=amount.minor, currency=amount.currency
    )
    return _rows(found.exclude(state=ExceptionState.PAID).order_by("id"))


def waiting(account_id: UUID, decide_by: datetime) -> int:
    """How many of an account nobody has decided on, of those that are due together."""
    states = [state.value for state in WAITS]
    rows = models.CheckException.objects.filter(account_id=account_id, decide_by=decide_by)
    return rows.filter(state__in=states).count()


def update(exception_ids: Sequence[UUID], **changes: Any) -> None:
    models.CheckException.objects.filter(bulk.one_of("id", exception_ids)).update(**changes)


def is_editor_of(payee_number: str, person_id: UUID) -> bool:
    """Whether a person put in or changed an account of this payee."""
    if not payee_number:
        return False
    rows = models.PayeeAccount.objects.filter(payee__number=payee_number)
    return rows.filter(changed_by_person=person_id).exists()


def _time_and_id(time: str, key: str) -> tuple[datetime, UUID]:
    return datetime.fromisoformat(time).astimezone(UTC), UUID(key)
