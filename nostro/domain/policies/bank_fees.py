"""What banks charge for a payment: by bank, rail and currency, as the customer has agreed it."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from nostro.domain.money import Money
from nostro.domain.payment import Rail, Route
from nostro.domain.policy import Policy


class BankFee(msgspec.Struct, frozen=True, kw_only=True):
    """What one payment costs. `connection_id` is the bank, `currency` that of the payment."""

    connection_id: str
    rail: Rail
    currency: str
    fee: Money


class BankFees(Policy, frozen=True, kw_only=True):
    """All that is known; what is not known is not 0."""

    KIND: ClassVar[str] = "bank_fees"

    fees: tuple[BankFee, ...] = ()

    def fee(self, route: Route, currency: str) -> Money | None:
        """What a payment in this currency costs by this route; None where nobody has said."""
        for one in self.fees:
            found = (one.connection_id, one.rail, one.currency)
            if found == (route.connection_id, route.rail, currency):
                return one.fee
        return None
