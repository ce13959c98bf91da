"""How old a cash figure is, against the last day that a bank can have closed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

import msgspec

from nostro.console.words import Status
from nostro.domain.money import Money
from nostro.ports import Calendar
from nostro.storage.pages.cash import AccountCash, CashPosition, Figure


class Freshness(msgspec.Struct, frozen=True, kw_only=True):
    """Accounts by the age of their figure, and the share of each age in value (whole percent)."""

    fresh: int
    behind: int
    old: int
    silent: int
    shares: tuple[int, int, int]


def bank_day_before(calendar: Calendar, today: date, currency: str) -> date:
    """The last day before `today` on which banks booked in this currency."""
    candidate = today - timedelta(days=1)
    while calendar.next_bank_day(candidate, currency) != candidate:
        candidate -= timedelta(days=1)
    return candidate


def age_of(calendar: Calendar, figure: Figure | None, now: datetime, currency: str) -> Status:
    """The age of a figure as a status; its word is the day that the figure speaks of."""
    if figure is None:
        return Status(kind="mut", icon="circle-dashed", word="No statement yet")
    last = bank_day_before(calendar, now.date(), currency)
    word = f"{figure.day:%-d %b}"
    if figure.day >= last:
        return Status(kind="ok", icon="circle-check", word=word)
    if figure.day >= bank_day_before(calendar, last, currency):
        return Status(kind="warn", icon="clock", word=word)
    return Status(kind="bad", icon="triangle-alert", word=word)


def oldest(ages: Iterable[Status]) -> Status | None:
    """The age to show for several figures together: the worst of those that are in the sum."""
    rank = {"mut": 0, "ok": 1, "warn": 2, "bad": 3}
    return max(ages, key=lambda age: rank[age.kind], default=None)


def freshness(calendar: Calendar, position: CashPosition, now: datetime) -> Freshness:
    kinds = {"ok": 0, "warn": 0, "bad": 0, "mut": 0}
    value = {"ok": 0, "warn": 0, "bad": 0, "mut": 0}
    for account in position.accounts:
        kind = age_of(calendar, account.booked, now, account.currency).kind
        kinds[kind] += 1
        value[kind] += _weight(position, account)
    return Freshness(
        fresh=kinds["ok"],
        behind=kinds["warn"],
        old=kinds["bad"],
        silent=kinds["mut"],
        shares=_shares(value["ok"], value["warn"], value["bad"]),
    )


def _weight(position: CashPosition, account: AccountCash) -> int:
    """What an account counts in the bar: its value, whichever side it is on."""
    if account.booked is None:
        return 0
    worth = position.equivalent([account.booked.amount])
    return abs((worth or Money(0, position.reporting)).minor)


def _shares(fresh: int, behind: int, old: int) -> tuple[int, int, int]:
    whole = fresh + behind + old
    if not whole:
        return 0, 0, 0
    middle, last = round(behind * 100 / whole), round(old * 100 / whole)
    return 100 - middle - last, middle, last
