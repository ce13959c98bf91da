"""Dates as SWIFT writes them: two-digit years and days without a year, made certain or refused.

A year is the one nearest to the statement's own dates, never to today: a file reads the same for
ever. Without any other date, 80 to 99 are of the last century (SWIFT Standards MT, general rules).
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache
from typing import NamedTuple

AFTER_MONTH_END = "after_month_end"
UNREADABLE = "unreadable"
FAR = "far"
# Interest may be corrected years back; more than this is a wrong century or a wrong digit.
FAR_YEARS = 5
_PIVOT = 80
_DIGITS = frozenset("0123456789")


class Day(NamedTuple):
    """A day and what was odd about it: AFTER_MONTH_END, UNREADABLE, FAR or ""."""

    day: date | None
    odd: str = ""


class Dates(NamedTuple):
    """Value date and booking date of one :61:, and what was odd: pairs of why and text."""

    value: date | None
    booked: date | None
    odd: tuple[tuple[str, str], ...] = ()


@lru_cache(4096)
def day_of(text: str, reference: int = 0) -> Day:
    """The day of YYMMDD in the century that is nearest to the year `reference`.

    A day after the end of its month (30 February, as interest is reckoned) is the month's last.
    """
    if len(text) != 6 or not _DIGITS.issuperset(text):
        return Day(None, UNREADABLE)
    two = int(text[:2])
    year = _nearest(two, reference) if reference else two + (1900 if two >= _PIVOT else 2000)
    found = _of_month(year, int(text[2:4]), int(text[4:]))
    if found.day is not None and not found.odd and reference:
        return Day(found.day, FAR if abs(year - reference) > FAR_YEARS else "")
    return found


def _nearest(two: int, reference: int) -> int:
    near = reference - reference % 100 + two
    return min((near, near - 100, near + 100), key=lambda year: abs(year - reference))


def _of_month(year: int, month: int, day: int) -> Day:
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return Day(None, UNREADABLE)
    last = monthrange(year, month)[1]
    if day > last:
        return Day(date(year, month, last), AFTER_MONTH_END)
    return Day(date(year, month, day))


def _beside(text: str, value: date) -> Day:
    """The day of MMDD in the year that brings it nearest to the value date, before or after it."""
    month, day = int(text[:2]), int(text[2:])
    found = [_of_month(year, month, day) for year in (value.year, value.year - 1, value.year + 1)]
    sure = [one for one in found if one.day is not None and not one.odd] or found
    return min(sure, key=lambda one: abs((one.day or date.min) - value))


@lru_cache(8192)
def dates_of(value: str, booked: str, reference: int) -> Dates:
    """The dates of one :61: from YYMMDD and MMDD ("" when the bank leaves it out)."""
    first = day_of(value, reference)
    odd = [(first.odd, value)] if first.odd else []
    if first.odd == FAR:  # Nobody can book on such a day, nor count the other one from it.
        return Dates(None, None, tuple(odd))
    if not booked or first.day is None:
        return Dates(first.day, None, tuple(odd))
    second = _beside(booked, first.day)
    if second.odd:
        odd.append((second.odd, booked))
    return Dates(first.day, second.day, tuple(odd))


def moment_of(text: str, reference: int = 0) -> datetime | None:
    """A time YYMMDDHHMM with an optional offset +HHMM (:13D:); None if it is not one."""
    digits, offset = text[:10], text[10:].strip()
    day = day_of(digits[:6], reference).day
    if day is None or len(digits) != 10 or not _DIGITS.issuperset(digits):
        return None
    hour, minute = int(digits[6:8]), int(digits[8:])
    if hour > 23 or minute > 59:
        return None
    at = datetime(day.year, day.month, day.day, hour, minute)  # noqa: DTZ001 - as the bank says it.
    zone = zone_of(offset) if offset else None
    return at if zone is None else at.replace(tzinfo=zone)


def zone_of(offset: str) -> timezone | None:
    """The zone of +HHMM or -HHMM."""
    if len(offset) != 5 or offset[0] not in "+-" or not _DIGITS.issuperset(offset[1:]):
        return None
    minutes = int(offset[1:3]) * 60 + int(offset[3:])
    if minutes >= 24 * 60:
        return None
    return timezone(timedelta(minutes=-minutes if offset[0] == "-" else minutes))


def short(day: date) -> str:
    """YYMMDD."""
    return day.strftime("%y%m%d")


def reads_back(days: Iterable[date], reference: int) -> bool:
    """True if two-digit years near that year name these days."""
    return all(day_of(short(day), reference) == Day(day) for day in days)
