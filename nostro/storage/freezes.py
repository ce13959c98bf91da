"""Stops as stored: what is in force, who agreed to lift it, and the gate that makes them exact.

Whoever lets a payment leave passes the gate before it looks for stops; whoever sets a stop closes
the gate first. So a stop that was confirmed to a person holds for everything that had not left.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

import msgspec
from django.db.models import Q, QuerySet

from nostro.domain.freeze import Freeze, FreezeCause, FreezeScope
from nostro.domain.payee_change import FROM_PAYMENTS, ChangeState
from nostro.storage import models, queries
from nostro.storage.paging import Page, checked_limit, key_of, page_of
from nostro.storage.tenancy import current


class FreezeRow(msgspec.Struct, frozen=True, kw_only=True):
    """A stop as people see it: what, who, when, and who agreed to lift it."""

    freeze: Freeze
    frozen_by_name: str
    frozen_at: datetime
    lifted_at: datetime | None
    lifted_by_names: tuple[str, ...]


def enter_gate() -> None:
    """Pass the gate until this unit of work ends; waits while a stop is being set."""
    queries.run("gate_shared", tenant_id=str(current()))


def close_gate() -> None:
    """Close the gate until this unit of work ends; waits until all who passed have committed."""
    queries.run("gate_exclusive", tenant_id=str(current()))


def insert(row: Freeze, name: str, now: datetime) -> None:
    models.Freeze.objects.create(
        id=UUID(row.id),
        tenant_id=current(),
        scope=row.scope.value,
        subject_id=UUID(row.subject_id),
        cause=row.cause.value,
        reason=row.reason,
        frozen_by=row.frozen_by,
        frozen_by_name=name,
        frozen_at=now,
    )


def add_lift(
    lift_id: UUID, freeze_id: UUID, person_id: str, person_name: str, reason: str, now: datetime
) -> None:
    models.FreezeLift.objects.create(
        id=lift_id,
        tenant_id=current(),
        freeze_id=freeze_id,
        person_id=person_id,
        person_name=person_name,
        reason=reason,
        agreed_at=now,
    )


def end(freeze_id: UUID, now: datetime) -> None:
    models.Freeze.objects.filter(id=freeze_id).update(lifted_at=now)


def lock(freeze_id: UUID) -> Freeze | None:
    """A stop in force, locked; None when there is none of this id."""
    rows = models.Freeze.objects.select_for_update().filter(id=freeze_id, lifted_at__isnull=True)
    row = rows.first()
    return _freeze(row, _lifts([row.id]).get(row.id, [])) if row else None


def in_force() -> list[FreezeRow]:
    """Every stop in force, newest first."""
    return _told(models.Freeze.objects.filter(lifted_at__isnull=True).order_by("-frozen_at"))


def history(limit: int) -> list[FreezeRow]:
    """The newest stops, lifted ones too."""
    return _told(models.Freeze.objects.order_by("-frozen_at")[:limit])


def page(*, in_force_only: bool, limit: int, cursor: str = "") -> Page[FreezeRow]:
    """Stops, newest first; the lifted ones too unless only those in force are wanted."""
    size = checked_limit(limit)
    rows = models.Freeze.objects.order_by("-id")
    if in_force_only:
        rows = rows.filter(lifted_at__isnull=True)
    if cursor:
        (last,) = key_of("stops", cursor, lambda key: (UUID(key),))
        rows = rows.filter(id__lt=last)
    return page_of("stops", _told(rows[: size + 1]), size, lambda row: (row.freeze.id,))


def is_frozen(scope: FreezeScope, subject_id: UUID) -> bool:
    rows = models.Freeze.objects.filter(scope=scope.value, subject_id=subject_id)
    return rows.filter(lifted_at__isnull=True).exists()


def blocking(
    *,
    connection_id: UUID | None = None,
    account_id: UUID | None = None,
    entity_ids: Collection[UUID] = (),
    payee_ids: Collection[UUID] = (),
    causes: Collection[FreezeCause] = tuple(FreezeCause),
) -> Freeze | None:
    """The first stop in force that concerns any of these or the whole customer, or None."""
    concerned = Q(scope=FreezeScope.CUSTOMER.value)
    if connection_id:
        concerned |= Q(scope=FreezeScope.CONNECTION.value, subject_id=connection_id)
    if account_id:
        concerned |= Q(scope=FreezeScope.ACCOUNT.value, subject_id=account_id)
    concerned |= Q(scope=FreezeScope.ENTITY.value, subject_id__in=entity_ids)
    concerned |= Q(scope=FreezeScope.PAYEE.value, subject_id__in=payee_ids)
    wanted = [cause.value for cause in causes]
    rows = models.Freeze.objects.filter(concerned, lifted_at__isnull=True, cause__in=wanted)
    row = rows.order_by("frozen_at").first()
    return _freeze(row, []) if row else None


def change_is_open(payee_ids: Collection[UUID]) -> bool:
    """Does a change of the account of one of these payees wait for a decision?"""
    return _stopping_changes().filter(payee_id__in=payee_ids).exists()


def _stopping_changes() -> QuerySet[models.PayeeChange]:
    """Proposed changes that say that the account which is kept is wrong. Another account that came
    with payments says so of none: only the payments that brought it wait."""
    proposed = models.PayeeChange.objects.filter(state=ChangeState.PROPOSED.value)
    return proposed.exclude(origin=FROM_PAYMENTS)


def frozen_payee_numbers() -> frozenset[str]:
    """Payees to whom nothing may be paid now: stopped, or a change of their account is open."""
    stops = models.Freeze.objects.filter(scope=FreezeScope.PAYEE.value, lifted_at__isnull=True)
    changes = _stopping_changes()
    ids = {*stops.values_list("subject_id", flat=True), *changes.values_list("payee_id", flat=True)}
    rows = models.Payee.objects.filter(id__in=ids)
    return frozenset(rows.values_list("number", flat=True))


def _told(rows: Iterable[models.Freeze]) -> list[FreezeRow]:
    listed = list(rows)
    lifts = _lifts([row.id for row in listed])
    return [
        FreezeRow(
            freeze=_freeze(row, lifts.get(row.id, [])),
            frozen_by_name=row.frozen_by_name,
            frozen_at=row.frozen_at,
            lifted_at=row.lifted_at,
            lifted_by_names=tuple(lift.person_name for lift in lifts.get(row.id, [])),
        )
        for row in listed
    ]


def _lifts(freeze_ids: Collection[UUID]) -> dict[UUID, list[models.FreezeLift]]:
    found: dict[UUID, list[models.FreezeLift]] = {}
    rows = models.FreezeLift.objects.filter(freeze_id__in=freeze_ids).order_by("agreed_at")
    for row in rows:
        found.setdefault(row.freeze_id, []).append(row)
    return found


def _freeze(row: models.Freeze, lifts: Iterable[models.FreezeLift]) -> Freeze:
    return Freeze(
        id=str(row.id),
        scope=FreezeScope(row.scope),
        subject_id=str(row.subject_id),
        cause=FreezeCause(row.cause),
        reason=row.reason,
        frozen_by=row.frozen_by,
        lifted_by=frozenset(lift.person_id for lift in lifts),
    )
