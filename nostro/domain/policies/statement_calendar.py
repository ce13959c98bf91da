"""When a bank's statements are expected: said account by account, never guessed.

An account of which nobody has said anything has no late statements, and is shown as such.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Annotated, ClassVar

import msgspec

from nostro.domain.bank_days import BankDays
from nostro.domain.local_time import closes_at
from nostro.domain.policy import Policy
from nostro.domain.statement_chain import Link

LOOKED_BACK_DAYS = 31  # What is late for longer has its Case since.
GRACE_MINUTES_MAX = 1440
DAYS_MAX = 10
REPORTS_MAX = 48  # A day.
_DAY = timedelta(days=1)
_REPORTS = msgspec.Meta(max_length=REPORTS_MAX)


class ExpectedStatements(msgspec.Struct, frozen=True, kw_only=True):
    """The prior-day statements of one account.

    That of a bank day comes `days_after` bank days later, until `by` on the clock of `time_zone`
    and `grace_minutes`; from then on it is late, and `missing_after_days` bank days later it is
    missing. Bank days are those on which all of `calendars` are open. On each of them a report of
    the day comes until each of the times `reports`, too, on the same clock and with that grace.
    """

    account_id: str
    by: Annotated[time, msgspec.Meta(tz=False)]
    time_zone: str
    calendars: tuple[str, ...]
    days_after: Annotated[int, msgspec.Meta(ge=0, le=DAYS_MAX)] = 1
    grace_minutes: Annotated[int, msgspec.Meta(ge=0, le=GRACE_MINUTES_MAX)] = 0
    missing_after_days: Annotated[int, msgspec.Meta(ge=1, le=DAYS_MAX)] = 1
    reports: Annotated[tuple[Annotated[time, msgspec.Meta(tz=False)], ...], _REPORTS] = ()


class StatementCalendar(Policy, frozen=True, kw_only=True):
    """What is expected of every account of which somebody has said it."""

    KIND: ClassVar[str] = "statement_calendar"
    accounts: tuple[ExpectedStatements, ...] = ()

    def of(self, account_id: str) -> ExpectedStatements | None:
        return next((one for one in self.accounts if one.account_id == account_id), None)


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """The statement of one bank day: expected until `late_at`, missing from `missing_at` on."""

    day: date
    late_at: datetime
    missing_at: datetime


class ReportDue(msgspec.Struct, frozen=True, kw_only=True):
    """A report of the day: it comes after `since`, when the one before it was due, and is late
    after `late_at`."""

    day: date
    at: time
    since: datetime
    late_at: datetime


def report_dues(
    expected: ExpectedStatements, days: BankDays, since: date, until: date
) -> list[ReportDue]:
    """The reports of all bank days from `since` to `until`, in their order."""
    found, day = [], days.next(since)
    while day <= until:
        before = closes_at(day, time(0), expected.time_zone)
        for at in sorted(expected.reports):
            told = ReportDue(
                day=day,
                at=at,
                since=before,
                late_at=closes_at(day, at, expected.time_zone)
                + timedelta(minutes=expected.grace_minutes),
            )
            found.append(told)
            before = closes_at(day, at, expected.time_zone)
        day = days.next(day + _DAY)
    return found


def dues(expected: ExpectedStatements, days: BankDays, since: date, until: date) -> list[Due]:
    """The statements of all bank days from `since` to `until`, in their order."""
    found, day = [], days.next(since)
    while day <= until:
        comes = _later(days, day, expected.days_after)
        gone = _later(days, comes, expected.missing_after_days)
        found.append(
            Due(day=day, late_at=_moment(expected, comes), missing_at=_moment(expected, gone))
        )
        day = days.next(day + _DAY)
    return found


def _later(days: BankDays, day: date, count: int) -> date:
    for _ in range(count):
        day = days.next(day + _DAY)
    return day


def _moment(expected: ExpectedStatements, day: date) -> datetime:
    at = closes_at(day, expected.by, expected.time_zone)
    return at + timedelta(minutes=expected.grace_minutes)


def has_come(day: date, chain: Sequence[Link]) -> bool:
    """Does a statement tell that day? One also does that goes on, after it, where the last one
    before it ended: banks send none for a day on which nothing moved."""
    if any(link.first <= day <= link.last for link in chain):
        return True
    before = _last(link for link in chain if link.last < day)
    return before is not None and any(
        link.first > day and before.closing is not None and link.opening == before.closing
        for link in chain
    )


def _last(links: Iterable[Link]) -> Link | None:
    return max(links, key=lambda link: link.place, default=None)


def next_look(found: Iterable[Due], now: datetime) -> datetime | None:
    """The next moment at which one of these would be late, or missing."""
    moments = (at for due in found for at in (due.late_at, due.missing_at))
    return min((at for at in moments if at >= now), default=None)
