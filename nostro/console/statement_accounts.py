"""Each account as its statements tell it: its balance and of which day, its verdict, and whether
anything of it is late, missing or in doubt."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final
from uuid import UUID

import msgspec

from nostro.app import world
from nostro.console import words
from nostro.console.freshness import age_of
from nostro.console.visiting import Visit
from nostro.console.words import Status
from nostro.storage.pages.cash import AccountCash, cash_position
from nostro.storage.pages.statements import AccountCase, open_cases_by_account
from nostro.workflows import expected_statements
from nostro.workflows.expected_statements import Standing

GAP: Final = "gap"
CASES_SHOWN: Final = 20


class AccountLine(msgspec.Struct, frozen=True, kw_only=True):
    """One account; `verdict` is of the statement that its balance comes from, None without one.
    `comes` is in words when the next statement is expected, "" where nobody said."""

    cash: AccountCash
    age: Status
    verdict: Status | None
    complete: Status
    comes: str
    late: tuple[date, ...]
    missing: tuple[date, ...]
    cases: tuple[AccountCase, ...]
    more_cases: int

    @property
    def lacks(self) -> bool:
        return bool(self.late or self.missing or self.cases)


def account_lines(visit: Visit, only: UUID | None = None) -> list[AccountLine]:
    """Every account, or one; inside a unit of work."""
    found = [one for one in cash_position(visit.now.date()).accounts if only in (None, one.id)]
    waiting = open_cases_by_account()
    standing = {
        UUID(one.account.id): one
        for one in expected_statements.standing(visit.acting(), [one.id for one in found])
    }
    return [_line(one, waiting.get(str(one.id), []), standing.get(one.id), visit) for one in found]


def _line(
    one: AccountCash, waiting: Sequence[AccountCase], standing: Standing | None, visit: Visit
) -> AccountLine:
    return AccountLine(
        cash=one,
        age=age_of(world().calendar, one.booked, visit.now, one.currency),
        verdict=words.verdict_status(one.booked.verdict) if one.booked else None,
        complete=_complete(waiting, standing),
        comes=_comes(standing),
        late=standing.late if standing else (),
        missing=standing.missing if standing else (),
        cases=tuple(waiting[:CASES_SHOWN]),
        more_cases=max(0, len(waiting) - CASES_SHOWN),
    )


def _complete(waiting: Sequence[AccountCase], standing: Standing | None) -> Status:
    """The worst first: a day that never came, a hole between two statements, a day that is late."""
    missing = len(standing.missing) if standing else 0
    gaps = sum(case.about == GAP for case in waiting)
    if missing or gaps:
        told = [f"{missing} missing"] if missing else []
        told += [words.several(gaps, "gap", "gaps")] if gaps else []
        return Status(kind="bad", icon="triangle-alert", word=", ".join(told))
    if standing and standing.late:
        return Status(kind="warn", icon="clock", word=f"{len(standing.late)} late")
    if standing and standing.last_day is None:
        return Status(kind="mut", icon="circle-dashed", word="No statement yet")
    return Status(kind="ok", icon="circle-check", word="No gap")


def _comes(standing: Standing | None) -> str:
    if standing is None or standing.expected is None:
        return ""
    if standing.next_day is None:
        return "nothing expected soon"
    return f"next: that of {standing.next_day.day} {standing.next_day:%b}"
