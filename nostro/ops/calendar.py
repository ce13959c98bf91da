"""Bank days: which clearing moves a payment, when it is open, and until when; as shipped data.

Every line has its source (nostro/ops/calendars.toml). Days that move by law come from `holidays`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from datetime import date
from functools import cache, lru_cache
from importlib.resources import files
from typing import TypeVar

import msgspec

from nostro.domain.bank_days import (
    BankDays,
    WhyClosed,
    closed_at_weekends,
    day_of,
    never_closed,
)
from nostro.domain.policies.cut_off import CutOff

WEEKDAYS = "weekdays"
_Found = TypeVar("_Found")


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A day of each year on which a calendar is closed, as nostro.domain.bank_days reads it."""

    on: str
    reason: str


class MarketCalendar(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The bank days of one market. `library` names a calendar of `holidays`: a market ("XFED"), or
    a country with its part ("GB-ENG")."""

    name: str
    title: str
    time_zone: str
    source: str
    days: tuple[Rule, ...] = ()
    library: str = ""
    always_open: bool = False


class Clearing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What moves a currency. `cut_off` is its own last moment; a bank's comes before it.
    `rails` are those of our payments that it carries."""

    name: str
    title: str
    currency: str
    calendar: str
    source: str
    rails: tuple[str, ...] = ()
    cut_off: CutOff | None = None


class _Shipped(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    calendars: tuple[MarketCalendar, ...]
    clearings: tuple[Clearing, ...]
    homes: dict[str, tuple[str, ...]]


class HolidayCalendar:
    """The bank days that we ship."""

    def next_bank_day(self, day: date, currency: str) -> date:
        """`day` itself when the currency settles on it, else the next one."""
        return _next_bank_day(day, currency)

    def days(self, names: tuple[str, ...]) -> BankDays:
        """The days on which all of these calendars are open."""
        return BankDays(calendars={calendars()[name].title: why_closed(name) for name in names})


@lru_cache(maxsize=10_000)  # A run asks for the same few days a hundred thousand times.
def _next_bank_day(day: date, currency: str) -> date:
    name = settles(currency).calendar
    return BankDays(calendars={name: why_closed(name)}).next(day)


@cache
def _shipped() -> _Shipped:
    text = files("nostro.ops").joinpath("calendars.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), _Shipped)


@cache
def calendars() -> dict[str, MarketCalendar]:
    """Every calendar, by its name."""
    return {one.name: one for one in _shipped().calendars}


@cache
def clearings() -> dict[str, Clearing]:
    """Every clearing, by its name."""
    return {one.name: one for one in _shipped().clearings}


@cache
def settles(currency: str) -> Clearing:
    """The clearing in which a currency settles; for one that we do not know, weekdays."""
    return _first(one for one in _shipped().clearings if one.currency == currency) or Clearing(
        name="", title=currency, currency=currency, calendar=WEEKDAYS, source=""
    )


@cache
def carries(rail: str, currency: str) -> Clearing:
    """The clearing that moves payments of one of our rails in a currency."""
    fitting = (one for one in _shipped().clearings if one.currency == currency)
    return _first(one for one in fitting if rail in one.rails) or settles(currency)


@cache
def home(country: str) -> str:
    """The calendar that banks of a country keep; "" where we know none."""
    homes = _shipped().homes
    return _first(name for name, countries in homes.items() if country in countries) or ""


@cache
def why_closed(name: str) -> WhyClosed:
    """Why a calendar is closed on a day, "" when it is open."""
    calendar = calendars()[name]
    if calendar.always_open:
        return never_closed

    @lru_cache(maxsize=10_000)
    def closed(day: date) -> str:
        return closed_at_weekends(day) or _holidays(name, day.year).get(day, "")

    return closed


@lru_cache(maxsize=1_000)
def _holidays(name: str, year: int) -> dict[date, str]:
    calendar = calendars()[name]
    found = {day_of(rule.on, year): rule.reason for rule in calendar.days}
    if not calendar.library:
        return found
    import holidays  # a third of a second, which a start need not wait for

    place, _, part = calendar.library.partition("-")
    if len(place) == 2:
        return dict(holidays.country_holidays(place, subdiv=part or None, years=[year]))
    return dict(holidays.financial_holidays(place, years=[year]))


def _first(found: Iterator[_Found]) -> _Found | None:
    return next(found, None)
