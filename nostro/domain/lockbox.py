"""What a bank's lockbox took in for us: checks, who sent them, and which invoices they pay."""

from __future__ import annotations

from datetime import date, datetime

import msgspec

from nostro.domain.money import Money
from nostro.domain.problem import NOWHERE, Location
from nostro.domain.remittance import ReferredDocument


class LockboxDeposit(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Which lockbox the following items came to, and when they were deposited.

    `destination` and `origin` are the names or numbers that the bank gives receiver and sender.
    `codes` keeps what has no field of its own, verbatim.
    """

    lockbox: str
    deposited: date | None
    currency: str
    destination: str = ""
    origin: str = ""
    created_at: datetime | None = None
    codes: tuple[tuple[str, str], ...] = ()
    location: Location = NOWHERE


class LockboxItem(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One check: its amount, its MICR line (routing, account, check number) and what it pays.

    `documents` are the invoices that the remitter named, with amounts where he gave any.
    """

    batch: str
    item: str
    amount: Money
    routing: str = ""
    account: str = ""
    check_number: str = ""
    check_day: date | None = None
    remitter: str = ""
    payee: str = ""
    documents: tuple[ReferredDocument, ...] = ()
    codes: tuple[tuple[str, str], ...] = ()
    location: Location = NOWHERE


class LockboxTrailer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The end of a deposit: what was read, and what the bank states (None: it states nothing)."""

    item_count: int
    total: Money
    stated_count: int | None = None
    stated_total: Money | None = None
    location: Location = NOWHERE

    @property
    def agrees(self) -> bool | None:
        """Whether the bank's figures are those of the items; None if it states none."""
        if self.stated_total is None:
            return None
        return self.stated_total == self.total and self.stated_count in (None, self.item_count)
