"""Until when a bank must have a payment for it to be executed on a day; what is too late for that.

A cut-off is the bank's own: by rail and currency, on its own clock. A file that comes later is
taken in on the next bank day (payment lifecycle, sections 1, approved to scheduled, and 6.2).
Where clocks change, nostro.domain.local_time says when a time of day is.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec

from nostro.domain.bank_days import BankDays
from nostro.domain.local_time import closes_at
from nostro.domain.payment import Rail, RollRule

# A person is told this long before the last moment at which anything can still be done.
ATTENTION = timedelta(hours=1)
_DAY = timedelta(days=1)


class CutOff(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One cut-off of a bank. Without `rail` or `currency` it is that of all of them.

    `at` is the last moment of a bank day on the clock of `time_zone` (IANA, "Europe/Berlin");
    `days_before` is how many bank days before the day of execution that is.
    """

    at: Annotated[time, msgspec.Meta(tz=False)]
    time_zone: str
    rail: Rail | None = None
    currency: str = ""
    days_before: Annotated[int, msgspec.Meta(ge=0, le=20)] = 0

    def __str__(self) -> str:
        days = f", {self.days_before} bank days before" if self.days_before else ""
        return f"{self.at:%H:%M} {self.time_zone}{days}"


def rule_for(cut_offs: Iterable[CutOff], rail: Rail, currency: str) -> CutOff | None:
    """The cut-off of a payment: the one that names most of it; None when the bank names none."""
    fitting = [
        rule for rule in cut_offs if rule.rail in (None, rail) and rule.currency in ("", currency)
    ]
    return max(fitting, key=lambda rule: (rule.rail is not None, bool(rule.currency)), default=None)


def closing(rule: CutOff, day: date, days: BankDays) -> datetime:
    """The last moment of a bank day at which the bank takes a payment in; in UTC."""
    return closes_at(day, min(rule.at, days.early.get(day, rule.at)), rule.time_zone)


def earliest_day(rule: CutOff, now: datetime, days: BankDays) -> date:
    """The first day on which the bank executes a payment that it gets now."""
    local = now.astimezone(ZoneInfo(rule.time_zone)).date()
    taken_in = days.next(local)
    if now > closing(rule, taken_in, days):
        taken_in = days.next(taken_in + _DAY)
    for _ in range(rule.days_before):
        taken_in = days.next(taken_in + _DAY)
    return taken_in


class Late(msgspec.Struct, frozen=True, kw_only=True):
    """The bank cannot execute on a day what it gets now: `earliest` is the first day on which it
    can. `over`: the day itself is past, so that most banks refuse it instead of moving it."""

    earliest: date
    over: bool


def late_for(
    day: date, rule: CutOff | None, now: datetime, days: BankDays, time_zone: str
) -> Late | None:
    """Is it too late for a payment to be executed on `day`? Without a cut-off: once it is past, on
    the clock of `time_zone`."""
    today = now.astimezone(ZoneInfo(rule.time_zone if rule else time_zone)).date()
    earliest = earliest_day(rule, now, days) if rule else today
    if earliest <= day:
        return None
    return Late(earliest=earliest if rule else days.next(today), over=day < today)


def last_day(rule: CutOff, day: date, days: BankDays) -> date:
    """The bank day on which the bank must have a payment that it executes on `day`."""
    candidate = days.previous(day)
    for _ in range(rule.days_before):
        candidate = days.previous(candidate - _DAY)
    return candidate


def last_moment(rule: CutOff, day: date, days: BankDays) -> datetime:
    """Until when the bank must have a payment that it executes on `day`; in UTC."""
    return closing(rule, last_day(rule, day, days), days)


def day_within(day: date, earliest: date, latest: date, roll_rule: RollRule) -> date | None:
    """The day of execution when the bank can do `earliest` at best; None: not as was approved."""
    if earliest <= day:
        return day
    if roll_rule is RollRule.NEXT_BANK_DAY and earliest <= latest:
        return earliest
    return None


def presses(now: datetime, last: datetime | None) -> bool:
    """Is so little time left to the last moment that a person must know?"""
    return last is not None and last - ATTENTION <= now


def ask_by(planned: datetime, now: datetime, last: datetime | None) -> datetime:
    """When to ask again: as planned, or as soon as time begins to press."""
    if last is None or last - ATTENTION <= now:
        return planned
    return min(planned, last - ATTENTION)
