"""What an invoice payer tells that his payment is for, in one shape whatever it came in."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

import msgspec

from nostro.domain.money import Money
from nostro.domain.problem import NOWHERE, Location


class LineKind(StrEnum):
    """What a line is about. Unknown: the payer gave no code, or one that we have no word for."""

    INVOICE = "invoice"
    CREDIT = "credit"
    ADJUSTMENT = "adjustment"
    UNKNOWN = "unknown"


class Deduction(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the payer kept back, and why: negative lessens the payment, as he gives it."""

    amount: Money
    reason: str = ""
    reference: str = ""


class RemittanceLine(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One document or adjustment. `net` is what it adds to the payment: negative for a credit.

    None is what the payer does not say; nothing is worked out for him.
    """

    document: str
    kind: LineKind
    gross: Money | None = None
    discount: Money | None = None
    deductions: tuple[Deduction, ...] = ()
    net: Money | None = None
    location: Location = NOWHERE


class Remittance(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One payment as its payer explains it.

    `agrees`: whether the lines make up `total`; None where an amount is not told. `texts` are free
    words, in which nothing was looked for. `not_understood` says what a person should look at.
    """

    source: str
    payer: str = ""
    reference: str = ""
    trace: str = ""
    check_number: str = ""
    creditor_reference: str = ""
    day: date | None = None
    currency: str = ""
    total: Money | None = None
    lines: tuple[RemittanceLine, ...] = ()
    agrees: bool | None = None
    texts: tuple[str, ...] = ()
    not_understood: tuple[str, ...] = ()
    location: Location = NOWHERE

    @property
    def tells_something(self) -> bool:
        """Whether it says anything about what is paid."""
        return bool(self.lines or self.creditor_reference or self.texts)
