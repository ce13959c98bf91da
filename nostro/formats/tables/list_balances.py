"""What a list's column of running balances proves: opening, closing, and whether each step fits."""

from __future__ import annotations

from datetime import date
from typing import Literal

import msgspec

from nostro.domain.money import Money
from nostro.domain.problem import Location, Problem, warning
from nostro.domain.statement import Balance, BalanceType, Entry

Order = Literal["auto", "oldest_first", "newest_first"]


class _Mark(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A row with a balance."""

    amount: int
    balance: int
    day: date
    line: int


class _Breaks(msgspec.Struct):
    """How many balances do not follow from the one before, and the line of the first."""

    count: int = 0
    line: int = 0

    def add(self, line: int) -> None:
        self.line = self.line or line
        self.count += 1


class RunningBalances:
    """The balances of one currency of one account, row by row as the file has them.

    Lists are written oldest first or newest first: both are followed until the end decides.
    """

    def __init__(self, currency: str, title: str) -> None:
        self.currency = currency
        self.title = title
        self.first: _Mark | None = None
        self.last: _Mark | None = None
        self.before = 0  # What the rows above the first balance moved.
        self.between = 0  # What the rows below the last balance moved.
        self.oldest_first = _Breaks()
        self.newest_first = _Breaks()

    def add(self, entry: Entry, balance: Money | None) -> None:
        """A booked row, with its balance or without."""
        day = entry.booked or entry.value
        if balance is None or day is None:
            self.between += entry.amount.minor
            return
        line = entry.location.line
        mark = _Mark(amount=entry.amount.minor, balance=balance.minor, day=day, line=line)
        if self.last is None:
            self.first, self.before = mark, self.between
        else:
            self._step(self.last, mark)
        self.last, self.between = mark, 0

    def _step(self, last: _Mark, mark: _Mark) -> None:
        if last.balance + self.between + mark.amount != mark.balance:
            self.oldest_first.add(mark.line)
        if mark.balance + last.amount + self.between != last.balance:
            self.newest_first.add(mark.line)

    def found(self, order: Order) -> tuple[Balance, ...]:
        """Opening and closing booked balance; none when no row had one."""
        if self.first is None or self.last is None:
            return ()
        first, last = self.first, self.last
        if self._newest_first(order):
            opening = (last.balance - last.amount - self.between, last)
            closing = (first.balance + self.before, first)
        else:
            opening = (first.balance - first.amount - self.before, first)
            closing = (last.balance + self.between, last)
        return (
            self._balance(BalanceType.OPBD, *opening),
            self._balance(BalanceType.CLBD, *closing),
        )

    def _newest_first(self, order: Order) -> bool:
        if order != "auto" or self.first is None or self.last is None:
            return order == "newest_first"
        if self.first.day != self.last.day:
            return self.first.day > self.last.day
        return self.newest_first.count < self.oldest_first.count

    def _balance(self, code: BalanceType, minor: int, mark: _Mark) -> Balance:
        return Balance(
            code=code,
            amount=Money(minor, self.currency),
            day=mark.day,
            bank_code=self.title,
            location=Location(line=mark.line),
        )

    def problem(self, order: Order) -> Problem | None:
        """Balances that do not follow from the rows: a line is missing, doubled or changed."""
        broken = self.newest_first if self._newest_first(order) else self.oldest_first
        if not broken.count:
            return None
        times = "one row" if broken.count == 1 else f"{broken.count} rows"
        return warning(
            "running_balance_breaks",
            f"The balance of {times} does not follow from the row before; the first is here.",
            "Look for a line that is missing, doubled, moved or changed.",
            Location(line=broken.line, column=self.title),
        )
