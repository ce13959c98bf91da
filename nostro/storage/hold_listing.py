"""Holds by what people and programs look for, the oldest first, with the payments they hold."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet

from nostro.domain.errors import Invalid
from nostro.domain.money import Money
from nostro.domain.order import OrderState
from nostro.storage import bulk, confidential, models
from nostro.storage.listing import plain
from nostro.storage.paging import LIMIT_DEFAULT, Page, checked_limit, key_of, page_of
from nostro.storage.rows import build

_HOLDS: Final = "holds"
_HELD: Final = "held_payments"


class HoldFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which holds are wanted; what is empty does not narrow. `payee`: its number, or part of its
    name. `open`: those that still hold a payment; False: those that were left. `run`: the reference
    or the id of the payment run that brought it."""

    code: str = ""
    since: datetime | None = None
    payee: str = ""
    open: bool = True
    run: str = ""


class HoldLine(msgspec.Struct, frozen=True, kw_only=True):
    """One hold with its payment."""

    id: UUID
    code: str
    sentence: str
    refers_to: str
    opened_at: datetime
    closed_at: datetime | None
    closed_by: str
    reason: str
    order_id: UUID
    number: str
    creditor_name: str
    payee_number: str
    amount: Money


class HeldFor(msgspec.Struct, frozen=True, kw_only=True):
    """How many payments are held for one reason."""

    code: str
    count: int


class HeldOfRun(msgspec.Struct, frozen=True, kw_only=True):
    """How many payments of one run are held."""

    run_id: UUID
    reference: str
    source: str
    count: int


def holds(wanted: HoldFilter, *, limit: int = LIMIT_DEFAULT, cursor: str = "") -> Page[HoldLine]:
    """Holds, the oldest first."""
    size, found = checked_limit(limit), _found(wanted)
    if cursor:
        found = found.filter(id__gt=key_of(_HOLDS, cursor, _id)[0])
    rows = _lines(found.order_by("id")[: size + 1])
    return page_of(_HOLDS, rows, size, lambda row: (str(row.id),))


def hold(hold_id: UUID) -> HoldLine | None:
    """One hold, open or left; None when this customer has no such hold, or it is not shown."""
    return next(iter(_lines(models.Hold.objects.filter(id=hold_id))), None)


def held_payments(
    wanted: HoldFilter, *, limit: int = LIMIT_DEFAULT, cursor: str = ""
) -> Page[UUID]:
    """The payments that open holds like these hold, the longest here first."""
    size, found = checked_limit(limit), _payments(wanted)
    if cursor:
        found = found.filter(id__gt=key_of(_HELD, cursor, _id)[0])
    ids = list(found.order_by("id").values_list("id", flat=True)[: size + 1])
    return page_of(_HELD, ids, size, lambda order_id: (str(order_id),))


def standing() -> tuple[int, datetime | None]:
    """How many payments are held, and since when the oldest open hold holds one."""
    told = _found(HoldFilter()).aggregate(
        count=Count("order_id", distinct=True), oldest=Min("opened_at")
    )
    return told["count"], told["oldest"]


def held_for() -> list[HeldFor]:
    """What is held, by reason, the most frequent first. A payment that is held for two reasons
    counts for each."""
    found = _found(HoldFilter()).values("code").annotate(count=Count("order_id", distinct=True))
    return [HeldFor(**row) for row in found.order_by("-count", "code")]


def held_for_runs(wanted: HoldFilter, most: int) -> list[HeldOfRun]:
    """The runs that brought what is held like this, those with most of it first."""
    found = _payments(wanted).filter(run__isnull=False)
    told = found.values("run_id", "run__reference", "run__source").annotate(count=Count("id"))
    return [
        HeldOfRun(
            run_id=row["run_id"],
            reference=row["run__reference"],
            source=row["run__source"],
            count=row["count"],
        )
        for row in told.order_by("-count", "run_id")[:most]
    ]


def all_held(wanted: HoldFilter, most: int) -> list[UUID]:
    """All payments that open holds like these hold; raises Invalid when they are more than `most`,
    for they are to be decided on as one."""
    ids = list(_payments(wanted).order_by("id").values_list("id", flat=True)[: most + 1])
    if len(ids) <= most:
        return ids
    raise Invalid(
        "too_many_chosen",
        f"More than {most:,} payments are held like this; so many are decided on at once.",
        "Nothing was decided.",
        "Narrow them by reason, run, payee or day.",
    )


def codes_of(order_ids: Collection[UUID]) -> dict[UUID, list[str]]:
    """The codes of the open holds of each of these payments."""
    found = models.Hold.objects.filter(bulk.one_of("order_id", order_ids), closed_at__isnull=True)
    told: dict[UUID, list[str]] = {}
    for order_id, code in found.order_by("code").values_list("order_id", "code").distinct():
        told.setdefault(order_id, []).append(code)
    return told


def open_ids_of(order_ids: Collection[UUID]) -> dict[UUID, list[str]]:
    """The ids of the open holds of each of these payments, in their order."""
    found = models.Hold.objects.filter(bulk.one_of("order_id", order_ids), closed_at__isnull=True)
    told: dict[UUID, list[str]] = {}
    for order_id, hold_id in found.order_by("id").values_list("order_id", "id"):
        told.setdefault(order_id, []).append(str(hold_id))
    return told


def _found(wanted: HoldFilter) -> QuerySet[models.Hold]:
    found = models.Hold.objects.filter(closed_at__isnull=wanted.open)
    if wanted.open:
        found = found.filter(order__state=OrderState.HELD.value)
    if wanted.code:
        found = found.filter(code=plain(wanted.code, "code"))
    if wanted.since:
        found = found.filter(opened_at__gte=wanted.since)
    if wanted.payee:
        text = plain(wanted.payee, "payee")
        named = Q(order__creditor_name__icontains=text) | Q(order__payee_number=text)
        found = found.filter(named)
    if wanted.run:
        found = found.filter(_of_run(wanted.run))
    return found


def _of_run(text: str) -> Q:
    try:
        return Q(order__run_id=UUID(text))
    except ValueError:
        return Q(order__run__reference=plain(text, "run"))


def _payments(wanted: HoldFilter) -> QuerySet[models.Order]:
    holding = _found(wanted).filter(order_id=OuterRef("id"))
    return models.Order.objects.filter(Exists(holding), state=OrderState.HELD.value)


_JOINED: Final = {
    "number": "order__number",
    "creditor_name": "order__creditor_name",
    "payee_number": "order__payee_number",
}


def _lines(found: QuerySet[models.Hold]) -> list[HoldLine]:
    own = [name for name in HoldLine.__struct_fields__ if name not in (*_JOINED, "amount")]
    amounts = ("order__amount_minor", "order__currency")
    rows = [
        build(
            HoldLine,
            row,
            amount=Money(row["order__amount_minor"], row["order__currency"]),
            **{name: row[path] for name, path in _JOINED.items()},
        )
        for row in found.values(*own, *amounts, *_JOINED.values())
    ]
    confidential.note("order", (row.order_id for row in rows))
    return rows


def _id(text: str) -> tuple[Any, ...]:
    return (UUID(text),)
