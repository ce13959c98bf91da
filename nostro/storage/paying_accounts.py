"""From which accounts and under which names a customer paid, as matched bank lines show it."""

from __future__ import annotations

from datetime import date
from typing import Final

import msgspec

from nostro.domain.match import MatchState
from nostro.storage import confidential, models
from nostro.storage.listing import plain

LOOKED_AT: Final = 200  # The newest matched lines of a customer; an older habit is no habit.


class PaidFrom(msgspec.Struct, frozen=True, kw_only=True):
    """One account and name that lines came from, and how many of them; `last` was the newest."""

    name: str
    iban: str
    count: int
    last: date | None


def of_customer(entity: str, number: str) -> list[PaidFrom]:
    """The most used first; of lines that are not shown to whoever looks, nothing."""
    found = models.Allocation.objects.filter(
        open_item__entity__code=plain(entity, "entity"),
        open_item__customer_number=plain(number, "number"),
        match__state=MatchState.MATCHED.value,
        match__undone_at__isnull=True,
    )
    line = "match__transaction__"
    rows = found.order_by("-id").values_list(
        f"{line}id", f"{line}counterparty_name", f"{line}counterparty_iban", f"{line}booked"
    )[:LOOKED_AT]
    lines = {row[0]: row[1:] for row in rows}
    confidential.note("transaction", list(lines))
    days: dict[tuple[str, str], list[date]] = {}
    for name, iban, booked in lines.values():
        days.setdefault((name, iban), []).append(booked or date.min)
    told = [
        PaidFrom(name=name, iban=iban, count=len(seen), last=max(seen) if any(seen) else None)
        for (name, iban), seen in days.items()
    ]
    return sorted(told, key=lambda one: (-one.count, one.name, one.iban))
