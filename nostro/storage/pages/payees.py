"""What the page of one payee shows besides his versions: holds, what was cleared, what is usual."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import msgspec
from django.db.models import Avg, Count, Max

from nostro.domain.money import Money
from nostro.domain.order import OrderState
from nostro.storage import models


class OpenHold(msgspec.Struct, frozen=True, kw_only=True):
    """Why one of his payments waits for a person."""

    order_id: UUID
    number: str
    sentence: str
    opened_at: datetime


class Clearance(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody looked: he is not this one of a list."""

    list_code: str
    entry_id: str
    cleared_at: datetime
    cleared_by: str
    reason: str


class Usual(msgspec.Struct, frozen=True, kw_only=True):
    """What he was paid so far in one currency, as cash evidence settled it."""

    count: int
    average: Money
    largest: Money
    last_on: date


def holds(number: str, limit: int) -> list[OpenHold]:
    """The holds of his payments that nobody has left, the oldest first."""
    found = models.Hold.objects.filter(order__payee_number=number, closed_at=None)
    rows = found.order_by("opened_at", "id").values(
        "order_id", "order__number", "sentence", "opened_at"
    )[:limit]
    return [
        OpenHold(
            order_id=row["order_id"],
            number=row["order__number"],
            sentence=row["sentence"],
            opened_at=row["opened_at"],
        )
        for row in rows
    ]


def clearances(number: str, limit: int) -> list[Clearance]:
    """Entries of lists that were found not to be him, the newest first."""
    found = models.ScreeningClearance.objects.filter(order__payee_number=number)
    rows = found.order_by("-cleared_at", "id").values(*Clearance.__struct_fields__)
    return [Clearance(**row) for row in rows[:limit]]


def usual(number: str) -> list[Usual]:
    """How often he was paid in each currency, and how much."""
    found = models.Order.objects.filter(payee_number=number, state=OrderState.SETTLED.value)
    rows = found.values("currency").annotate(
        count=Count("id"),
        average=Avg("amount_minor"),
        largest=Max("amount_minor"),
        last_on=Max("requested_date"),
    )
    return [
        Usual(
            count=row["count"],
            average=Money(round(row["average"]), row["currency"]),
            largest=Money(row["largest"], row["currency"]),
            last_on=row["last_on"],
        )
        for row in rows.order_by("currency")
    ]
