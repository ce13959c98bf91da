"""Stops as people see them: what is stopped by its name, who did it, and what waits behind it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db.models import Count, Q, Sum

from nostro.domain.freeze import Freeze, FreezeScope
from nostro.domain.money import Money
from nostro.domain.order import ORDER, OrderMove, OrderState
from nostro.storage import freezes, models
from nostro.storage.freezes import FreezeRow
from nostro.storage.rows import StateTotal
from nostro.storage.tenancy import current

HISTORY_SHOWN = 20
# What a stop keeps from leaving: whatever can still be cancelled without asking a bank.
WAITING = tuple(state for state in OrderState if ORDER.allows(state, OrderMove.CANCEL))
_NAMED: dict[FreezeScope, Any] = {
    FreezeScope.CUSTOMER: models.Customer,
    FreezeScope.CONNECTION: models.Connection,
    FreezeScope.ENTITY: models.LegalEntity,
    FreezeScope.ACCOUNT: models.Account,
    FreezeScope.PAYEE: models.Payee,
}


class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    """One person's agreement to lift a stop."""

    person_name: str
    reason: str
    agreed_at: datetime


class StopView(msgspec.Struct, frozen=True, kw_only=True):
    """One stop with the name of what is stopped."""

    id: UUID
    freeze: Freeze
    subject: str
    frozen_by_name: str
    frozen_at: datetime
    lifted_at: datetime | None
    agreed: tuple[str, ...]


def in_force() -> list[StopView]:
    """Every stop in force, newest first."""
    return _named(freezes.in_force())


def recent() -> list[StopView]:
    """The newest stops that were lifted."""
    return [stop for stop in _named(freezes.history(HISTORY_SHOWN)) if stop.lifted_at]


def stop_of(stop_id: UUID) -> StopView | None:
    """One stop in force; None when there is none of this id."""
    return next((stop for stop in in_force() if stop.id == stop_id), None)


def agreements(stop_id: UUID) -> list[Agreement]:
    """Who agreed to lift this stop, and why, the first first."""
    rows = models.FreezeLift.objects.filter(freeze_id=stop_id).order_by("agreed_at", "id")
    return [Agreement(**row) for row in rows.values(*Agreement.__struct_fields__)]


def subject_name(scope: FreezeScope, subject_id: UUID) -> str:
    """What a stop would be about; "" when this customer has no such thing."""
    return _names(scope, {subject_id}).get(subject_id, "")


def payee_id(payee_number: str) -> UUID | None:
    """The payee of this number, if it is known by itself."""
    return models.Payee.objects.filter(number=payee_number).values_list("id", flat=True).first()


def behind(scope: FreezeScope, subject_id: UUID) -> list[StateTotal]:
    """The payments that have not left and would stay, by state and currency."""
    rows = models.Order.objects.filter(
        _concerned(scope, subject_id), state__in=[state.value for state in WAITING]
    )
    found = rows.values("state", "currency").order_by("state", "currency")
    return [
        StateTotal(
            state=OrderState(row["state"]),
            count=row["count"],
            total=Money(int(row["minor"]), row["currency"]),
        )
        for row in found.annotate(count=Count("id"), minor=Sum("amount_minor"))
    ]


def _concerned(scope: FreezeScope, subject_id: UUID) -> Q:
    if scope is FreezeScope.PAYEE:
        numbers = models.Payee.objects.filter(id=subject_id).values("number")
        return Q(payee_number__in=numbers)
    column = {
        FreezeScope.CUSTOMER: "tenant_id",
        FreezeScope.CONNECTION: "account__connection_id",
        FreezeScope.ENTITY: "entity_id",
        FreezeScope.ACCOUNT: "account_id",
    }[scope]
    return Q(**{column: subject_id})


def _named(rows: Sequence[FreezeRow]) -> list[StopView]:
    wanted: dict[FreezeScope, set[UUID]] = {}
    for row in rows:
        wanted.setdefault(row.freeze.scope, set()).add(UUID(row.freeze.subject_id))
    names = {scope: _names(scope, ids) for scope, ids in wanted.items()}
    return [
        StopView(
            id=UUID(row.freeze.id),
            freeze=row.freeze,
            subject=names[row.freeze.scope].get(UUID(row.freeze.subject_id), "?"),
            frozen_by_name=row.frozen_by_name,
            frozen_at=row.frozen_at,
            lifted_at=row.lifted_at,
            agreed=row.lifted_by_names,
        )
        for row in rows
    ]


def _names(scope: FreezeScope, ids: set[UUID]) -> dict[UUID, str]:
    if scope is FreezeScope.CUSTOMER:
        ids = ids & {current()}
    rows = _NAMED[scope].objects.filter(id__in=ids).values_list("id", "name")
    return dict(rows)
