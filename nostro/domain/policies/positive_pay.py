"""What was agreed with a bank about checks of an account: its files, its clock, its default."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, ClassVar
from zoneinfo import ZoneInfo

import msgspec

from nostro.domain.check_exception import Decision
from nostro.domain.local_time import closes_at
from nostro.domain.money import Money
from nostro.domain.policy import Policy

# A check is stale six months after its date (UCC 4-404); a bank may pay it all the same.
STALE_AFTER_DAYS = 180
WARN_BEFORE = timedelta(hours=1)


class AccountTerms(msgspec.Struct, frozen=True, kw_only=True):
    """Positive pay of one account.

    `number` is what the bank calls the account in its files, `layout` the file of issued checks,
    `answers` that of exceptions and decisions. Who decides later than `decide_by` on the bank's
    clock comes too late: then the bank does `if_nobody`. `second_above`: to pay more than that
    takes two people. `first_number` to `last_number` are the checks that payments draw; 0:
    none are drawn.
    """

    account_id: str
    number: str
    layout: str
    answers: str
    decide_by: Annotated[time, msgspec.Meta(tz=False)]
    time_zone: str
    if_nobody: Decision
    second_above: Money | None = None
    company: str = ""
    stale_after_days: int = STALE_AFTER_DAYS
    first_number: int = 0
    last_number: int = 0

    @property
    def draws(self) -> bool:
        """Whether a payment can be paid by a check of this account."""
        return self.first_number > 0


class PositivePayTerms(Policy, frozen=True, kw_only=True):
    """The terms of every account that has positive pay."""

    KIND: ClassVar[str] = "positive_pay"
    accounts: tuple[AccountTerms, ...] = ()

    def of(self, account_id: str) -> AccountTerms | None:
        return next((one for one in self.accounts if one.account_id == account_id), None)

    def numbered(self, number: str) -> AccountTerms | None:
        """The account that a bank's file names, with or without the zeros that fill a column."""
        bare = number.lstrip("0")
        return next((one for one in self.accounts if one.number.lstrip("0") == bare), None)


def decide_by(
    terms: AccountTerms, received_at: datetime, next_bank_day: Callable[[date], date]
) -> datetime:
    """The last moment, in UTC, at which the bank takes a decision on what it reported then: on
    that day on its clock, or on its next bank day."""
    day = received_at.astimezone(ZoneInfo(terms.time_zone)).date()
    return closes_at(next_bank_day(day), terms.decide_by, terms.time_zone)


def warn_at(deadline: datetime) -> datetime:
    """When people are told that nobody has decided yet."""
    return deadline - WARN_BEFORE


def is_stale(issued_on: date, presented_on: date, terms: AccountTerms) -> bool:
    return presented_on > issued_on + timedelta(days=terms.stale_after_days)


def stale_before(terms: AccountTerms, now: datetime) -> date:
    """Checks issued before this day are stale by now."""
    return now.astimezone(UTC).date() - timedelta(days=terms.stale_after_days)
