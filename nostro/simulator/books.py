"""The accounts that the simulated bank keeps: bookings, balances, and the day's statement.

Money moves in `Account.book` and nowhere else.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

import msgspec

from nostro.domain.money import Money
from nostro.domain.problem import NOWHERE
from nostro.domain.statement import (
    Balance,
    Entry,
    EntryStatus,
    ReportKind,
    Statement,
    TransactionDetail,
)

_SATURDAY = 5


def bank_day(at: datetime) -> date:
    """The day on which the bank books what happens now: Saturdays and Sundays are Monday's."""
    return rolled(at.date())


def rolled(day: date) -> date:
    """The day itself, or the Monday after a weekend. Holidays are not known here."""
    late = day.weekday() - _SATURDAY
    return day if late < 0 else day + timedelta(days=2 - late)


class Booking(msgspec.Struct, frozen=True, kw_only=True):
    """One line in the books. `amount` is signed; `detail` is None for the sum of a batch.

    `transaction_code` is "domain/family/subfamily" of ISO 20022; `hidden` keeps the line out of
    statements (never out of the balance).
    """

    reference: str
    amount: Money
    booked_at: datetime
    transaction_code: str
    text: str = ""
    detail: TransactionDetail | None = None
    message_id: str = ""
    batch_id: str = ""
    count: int = 0
    hidden: bool = False

    def entry(self) -> Entry:
        day = bank_day(self.booked_at)
        return Entry(
            amount=self.amount,
            status=EntryStatus.BOOK,
            booked=day,
            value=day,
            bank_reference=self.reference,
            entry_reference=self.reference,
            transaction_code=self.transaction_code,
            proprietary_code="",
            reversal=False,
            text=self.text,
            details=() if self.detail is None else (self.detail,),
            location=NOWHERE,
            payment_information_id=self.batch_id if self.detail is None else "",
            message_id=self.message_id if self.detail is None else "",
            batch_count=self.count,
        )


class OpenAccount(msgspec.Struct, frozen=True):
    """An account to open, with what is on it."""

    iban: str
    opening: Money


class Account:
    """One account of the customer. Its statements number from 1 and their balances chain."""

    def __init__(self, iban: str, opening: Money) -> None:
        self.iban = iban
        self.currency = opening.currency
        self.opening = opening
        self.bookings: list[Booking] = []
        self.balance = opening
        self.statements = 0
        self._reserved = 0
        self._stated = opening  # The balance at the end of the last statement.
        self._not_stated = 0  # Where the bookings begin that no statement has yet.

    def book(self, booking: Booking) -> None:
        """Raises Invalid (`currencies_differ`)."""
        self.balance = self.balance + booking.amount
        self.bookings.append(booking)

    def reserve(self, amount: Money) -> bool:
        """Keep so much for payments that will leave; False: it is not there, no credit is given."""
        if amount.currency != self.currency or self.balance.minor - self._reserved < amount.minor:
            return False
        self._reserved += amount.minor
        return True

    @property
    def available(self) -> int:
        """What may still be kept for payments, in minor units."""
        return self.balance.minor - self._reserved

    def free(self, amount: Money) -> None:
        """Keep so much no longer: it leaves now, or it stays."""
        self._reserved -= amount.minor

    def today(self) -> list[Booking]:
        """Bookings that no statement has told yet."""
        return self.bookings[self._not_stated :]

    def report(self, at: datetime, number: str) -> Statement:
        """What is booked since the last statement; for a camt.052."""
        return self._statement(ReportKind.INTRADAY, bank_day(at), at, number, "ITBD")

    def close_day(self, day: date, at: datetime, number: str) -> Statement:
        """The statement of `day`: all bookings since the last one. Starts the next one."""
        self.statements += 1
        told = self._statement(ReportKind.PREVIOUS_DAY, day, at, number, "CLBD")
        self._stated = self.balance
        self._not_stated = len(self.bookings)
        return told

    def _statement(
        self, kind: ReportKind, day: date, at: datetime, number: str, last: str
    ) -> Statement:
        closing = kind is ReportKind.PREVIOUS_DAY
        return Statement(
            statement_id=number,
            message_id=number,
            account=self.iban,
            currency=self.currency,
            kind=kind,
            sequence=self.statements if closing else None,
            created_at=at,
            from_day=day if closing else None,
            to_day=day if closing else None,
            balances=(
                Balance(code="OPBD", amount=self._stated, day=day),
                Balance(code=last, amount=self.balance, day=day),
            ),
            entries=tuple(one.entry() for one in self.today() if not one.hidden),
            problems=(),
        )
