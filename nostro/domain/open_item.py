"""What somebody owes us: customer invoices that incoming money is matched to."""

from __future__ import annotations

from datetime import date

import msgspec

from nostro.domain.money import Money


class OpenItem(msgspec.Struct, frozen=True, kw_only=True):
    """One open document of receivables. `open_amount` is what is still to be paid.

    `payer_iban` is the account the customer usually pays from, or "".
    """

    id: str
    entity_code: str
    document: str
    customer_number: str
    customer_name: str
    open_amount: Money
    due_date: date
    payer_iban: str = ""
    line: int = 0
