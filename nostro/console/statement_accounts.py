"""Each account as its statements tell it: its balance and of which day, its verdict, its cases."""

from __future__ import annotations

from uuid import UUID

import msgspec

from nostro.app import world
from nostro.console import words
from nostro.console.freshness import age_of
from nostro.console.visiting import Visit
from nostro.console.words import Status
from nostro.storage.pages.cash import AccountCash, cash_position
from nostro.storage.pages.statements import open_cases_by_account


class AccountLine(msgspec.Struct, frozen=True, kw_only=True):
    """One account; `verdict` is of the statement that its balance comes from, None without one.
    `first_case` is the oldest of its open cases about statements."""

    cash: AccountCash
    age: Status
    verdict: Status | None
    open_cases: int
    first_case: UUID | None


def account_lines(visit: Visit) -> list[AccountLine]:
    """Every account; inside a unit of work."""
    position = cash_position(visit.now.date())
    waiting = open_cases_by_account()
    return [_line(one, waiting.get(str(one.id), []), visit) for one in position.accounts]


def _line(one: AccountCash, waiting: list[UUID], visit: Visit) -> AccountLine:
    return AccountLine(
        cash=one,
        age=age_of(world().calendar, one.booked, visit.now, one.currency),
        verdict=words.verdict_status(one.booked.verdict) if one.booked else None,
        open_cases=len(waiting),
        first_case=waiting[0] if waiting else None,
    )
