"""What the payer says he pays: invoices and credit notes, deductions, free text."""

from __future__ import annotations

from datetime import date

import msgspec

from nostro.domain.money import Money


class ReferredDocument(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One document that a payment is for (ISO 20022 Strd/RfrdDocInf, X12 820 RMR).

    `kind` is the standard's own code (CINV, CREN; X12 IV, CM). Amounts are unsigned as a rule; a
    credit note that is deducted keeps the sign the payer gives it. None: the payer says nothing.
    """

    number: str
    kind: str = ""
    day: date | None = None
    due: Money | None = None
    paid: Money | None = None
    discount: Money | None = None
    adjustment: Money | None = None
    adjustment_reason: str = ""
    text: str = ""
