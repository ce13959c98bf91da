"""The cash table as people read it: by legal entity, bank or currency, every cell with its age."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec

from nostro.console.freshness import age_of, oldest
from nostro.console.words import Status
from nostro.domain.money import Money, total
from nostro.ports import Calendar
from nostro.storage.pages.cash import AccountCash, CashPosition

GROUPINGS: dict[str, Callable[[AccountCash], str]] = {
    "entity": lambda account: account.entity_name,
    "bank": lambda account: account.bank,
    "currency": lambda account: account.currency,
}


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One row: an amount per currency column (None: nothing there), and how old the figures are."""

    title: str
    amounts: tuple[Money | None, ...]
    equivalent: Money | None
    age: Status | None
    account: AccountCash | None = None


class Group(msgspec.Struct, frozen=True, kw_only=True):
    head: Line
    accounts: tuple[Line, ...]


class Table(msgspec.Struct, frozen=True, kw_only=True):
    currencies: tuple[str, ...]
    groups: tuple[Group, ...]
    total: Line


def table(position: CashPosition, by: str, calendar: Calendar, now: datetime) -> Table:
    key = GROUPINGS[by]
    names = sorted({key(account) for account in position.accounts})
    groups = []
    for name in names:
        members = [account for account in position.accounts if key(account) == name]
        lines = tuple(_line(position, one.name, [one], calendar, now, one) for one in members)
        groups.append(Group(head=_line(position, name, members, calendar, now), accounts=lines))
    whole = _line(position, "Total", position.accounts, calendar, now)
    return Table(currencies=position.currencies, groups=tuple(groups), total=whole)


def booked_of(accounts: Sequence[AccountCash]) -> list[Money]:
    return [account.booked.amount for account in accounts if account.booked]


def _line(
    position: CashPosition,
    title: str,
    accounts: Sequence[AccountCash],
    calendar: Calendar,
    now: datetime,
    account: AccountCash | None = None,
) -> Line:
    sums = total(booked_of(accounts))
    ages = [age_of(calendar, one.booked, now, one.currency) for one in accounts]
    return Line(
        title=title,
        amounts=tuple(sums.get(currency) for currency in position.currencies),
        equivalent=position.equivalent(sums.values()) if sums else None,
        age=oldest(ages),
        account=account,
    )
