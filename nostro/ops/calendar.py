"""Bank days: when a currency settles: TARGET days for the euro, New York's for the dollar."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import holidays

_MARKET = {"EUR": "XECB", "USD": "XNYS"}
DAYS_AHEAD_MAX = 30


class HolidayCalendar:
    """Weekends and the market holidays of the `holidays` library; other currencies: weekends."""

    def next_bank_day(self, day: date, currency: str) -> date:
        """`day` itself when it is a bank day, else the next one."""
        return _next_bank_day(day, _MARKET.get(currency, ""))


@lru_cache(maxsize=10_000)  # A run asks for the same few days a hundred thousand times.
def _next_bank_day(day: date, market: str) -> date:
    closed = _closed(market)
    for ahead in range(DAYS_AHEAD_MAX):
        candidate = day + timedelta(days=ahead)
        if candidate.weekday() < 5 and candidate not in closed:
            return candidate
    raise RuntimeError(f"no bank day within {DAYS_AHEAD_MAX} days of {day}")


@cache
def _closed(market: str) -> holidays.HolidayBase | frozenset[date]:
    import holidays  # a third of a second, which a start need not wait for

    return holidays.financial_holidays(market) if market else frozenset()
