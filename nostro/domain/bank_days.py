"""Bank days: on which days money moves, which is closed and why, and what closes early.

A payment crosses whatever has to move it: the clearing of its currency, the home of the bank that
it leaves, the bank itself. It can be executed on a day on which all of them are open.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, time, timedelta
from typing import Annotated

import msgspec

DAYS_AHEAD_MAX = 30
WEEKEND = "Weekend"
_SATURDAY = 5
_DAY = timedelta(days=1)
_RULE = re.compile(
    r"(?P<month>\d\d)-(?P<day>\d\d)(?: (?P<weekday>[a-z]+))?|easter(?P<step>[+-]\d+)"
)
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

WhyClosed = Callable[[date], str]


class ClosedDay(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A day on which a bank is closed although its market is open, and why."""

    day: date
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class EarlyClosing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A day whose cut-offs are earlier: none is later than `at`, each on its own clock."""

    day: date
    at: Annotated[time, msgspec.Meta(tz=False)]
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class BankDays(msgspec.Struct, frozen=True, kw_only=True):
    """The days on which a payment can be executed: all of `calendars` are open.

    `calendars` is by the name that people read ("" for one that needs none); each says why it is
    closed on a day, "" when it is open. `early` are the days on which cut-offs are earlier.
    """

    calendars: Mapping[str, WhyClosed]
    early: Mapping[date, time] = msgspec.field(default_factory=dict)

    def why_closed(self, day: date) -> str:
        """Who is closed on the day and why; "" when all are open."""
        found = [(name, why(day)) for name, why in self.calendars.items()]
        if any(reason == WEEKEND for _, reason in found):
            return WEEKEND
        return "; ".join(f"{name}: {why}" if name else why for name, why in found if why)

    def is_open(self, day: date) -> bool:
        return not any(why(day) for why in self.calendars.values())

    def next(self, day: date) -> date:
        """`day` itself when it is a bank day, else the next one."""
        return self._stepped(day, _DAY)

    def previous(self, day: date) -> date:
        """`day` itself when it is a bank day, else the one before."""
        return self._stepped(day, -_DAY)

    def _stepped(self, day: date, step: timedelta) -> date:
        candidate = day
        for _ in range(DAYS_AHEAD_MAX):
            if self.is_open(candidate):
                return candidate
            candidate += step
        raise RuntimeError(f"no bank day within {DAYS_AHEAD_MAX} days of {day}")


def closed_at_weekends(day: date) -> str:
    return WEEKEND if day.weekday() >= _SATURDAY else ""


def never_closed(day: date) -> str:
    """Instant payments: every day of the year, day and night."""
    return ""


def easter(year: int) -> date:
    """Easter Sunday of the western churches (Meeus, Astronomical Algorithms, chapter 8)."""
    a, b, c = year % 19, year // 100, year % 100
    h = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    last = (32 + 2 * (b % 4) + 2 * (c // 4) - h - c % 4) % 7
    m = (a + 11 * h + 22 * last) // 451
    month, day = divmod(h + last - 7 * m + 114, 31)
    return date(year, month, day + 1)


def day_of(rule: str, year: int) -> date:
    """The day that a rule means in a year; raises ValueError for a rule that is none.

    "12-26" is that day, "06-19 friday" the first Friday from that day on, "easter-2" counts days
    from Easter Sunday.
    """
    found = _RULE.fullmatch(rule)
    if found is None:
        raise ValueError(f"{rule[:40]!r} is no rule for a day")
    if found["step"]:
        return easter(year) + timedelta(days=int(found["step"]))
    day = date(year, int(found["month"]), int(found["day"]))
    if found["weekday"]:
        day += timedelta(days=(_WEEKDAYS.index(found["weekday"]) - day.weekday()) % 7)
    return day
