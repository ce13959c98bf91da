"""The gate every statement passes: does what was booked explain the balances?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from nostro.domain.money import Money
from nostro.domain.statement import (
    Balance,
    BalanceType,
    BalanceVerdict,
    Closing,
    Entry,
    EntryStatus,
    ReportKind,
    Statement,
)


class BalanceGate:
    """Adds up the booked entries of one statement, so that the end can say whether it closes.

    Entries that could not be read (`unreadable`) make it impossible to check: what is missing is
    not known. Each currency of a statement is checked on its own.
    """

    def __init__(self) -> None:
        self.sums: dict[str, int] = {}
        self.booked = 0
        self.unreadable = 0

    def add(self, entry: Entry) -> None:
        if entry.status == EntryStatus.BOOK:
            money = entry.amount
            self.booked += 1
            self.sums[money.currency] = self.sums.get(money.currency, 0) + money.minor

    def verdict(self, balances: Sequence[Balance], kind: ReportKind) -> BalanceVerdict:
        if self.unreadable:
            count = "1 entry" if self.unreadable == 1 else f"{self.unreadable} entries"
            return _not_checkable(f"{count} could not be read")
        if kind is ReportKind.NOTIFICATION:
            return _not_checkable("a notification carries no balances")
        currencies = dict.fromkeys([*(b.amount.currency for b in balances), *self.sums])
        found = [
            self._of_currency([b for b in balances if b.amount.currency == currency], kind)
            for currency in currencies
        ]
        if len(found) > 1 and any(one.verdict is Closing.NOT_CHECKABLE for one in found):
            several = ", ".join(sorted(currencies))
            return _not_checkable(f"balances and entries have several currencies: {several}")
        return _worst(found) if found else _not_checkable("the file has no opening booked balance")

    def _of_currency(self, balances: Sequence[Balance], kind: ReportKind) -> BalanceVerdict:
        opening, closing = opening_of(balances), closing_of(balances)
        if opening is None or closing is None or opening is closing:
            missing = "opening" if opening is None else "closing"
            return _not_checkable(f"the file has no {missing} booked balance")
        for one, name in ((opening, "opening"), (closing, "closing")):
            if _contradicted(one, balances):
                return _not_checkable(f"the file gives two different {name} balances of one day")
        currency = opening.amount.currency
        computed = opening.amount.minor + self.sums.get(currency, 0)
        difference = Money(closing.amount.minor - computed, currency)
        entries = f"{self.booked} booked {'entry' if self.booked == 1 else 'entries'}"
        firm = kind is ReportKind.PREVIOUS_DAY and closing.code == BalanceType.CLBD
        if difference.minor and not firm:
            return _not_checkable(
                f"a report during the day may leave entries out: {difference} is between its"
                f" balances and its {entries}"
            )
        return BalanceVerdict(
            verdict=Closing.DOES_NOT_CLOSE if difference.minor else Closing.CLOSES,
            reason=(
                f"closing differs from opening plus {entries} by {difference}"
                if difference.minor
                else f"opening plus {entries} equals closing"
            ),
            opening=opening.amount,
            closing=closing.amount,
            difference=difference,
        )


def _worst(found: Sequence[BalanceVerdict]) -> BalanceVerdict:
    """The verdict of a statement with several currencies: that of the worst one."""
    return next((one for one in found if one.verdict is Closing.DOES_NOT_CLOSE), found[0])


def _not_checkable(reason: str) -> BalanceVerdict:
    return BalanceVerdict(verdict=Closing.NOT_CHECKABLE, reason=reason)


def opening_of(balances: Sequence[Balance]) -> Balance | None:
    """The balance before the first entry: opening booked of the earliest day, else of a page."""
    whole = _of_codes(balances, (BalanceType.OPBD, BalanceType.PRCD), interim=False)
    booked = [b for b in whole if b.code == BalanceType.OPBD] or whole
    pages = _of_codes(balances, (BalanceType.OPBD,), interim=True)
    during = [b for b in balances if b.code == BalanceType.ITBD]
    if not booked and not pages and len(during) < 2:
        return None  # One interim balance alone is the closing one.
    return min(booked, key=_day) if booked else next(iter([*pages, *during]), None)


def closing_of(balances: Sequence[Balance]) -> Balance | None:
    """The balance after the last entry: closing booked of the latest day, else of a page."""
    whole = _of_codes(balances, (BalanceType.CLBD,), interim=False)
    pages = _of_codes(balances, (BalanceType.CLBD,), interim=True)
    during = [b for b in balances if b.code == BalanceType.ITBD]
    return max(whole, key=_day) if whole else next(iter([*pages[-1:], *during[-1:]]), None)


def _day(balance: Balance) -> date:
    return balance.day


def _contradicted(balance: Balance, balances: Sequence[Balance]) -> bool:
    """Whether the bank gives the same balance of the same day twice, with two amounts."""
    return any(
        other.code == balance.code
        and other.day == balance.day
        and not (other.interim or balance.interim or other.code == BalanceType.ITBD)
        and other.amount != balance.amount
        for other in balances
    )


def _of_codes(
    balances: Sequence[Balance], codes: Sequence[BalanceType], *, interim: bool
) -> list[Balance]:
    return [b for code in codes for b in balances if b.code == code and b.interim is interim]


def balance_verdict(statement: Statement) -> BalanceVerdict:
    """The gate every statement passes: a statement that does not close is shown, never hidden."""
    gate = BalanceGate()
    for entry in statement.entries:
        gate.add(entry)
    return gate.verdict(statement.balances, statement.kind)
