"""What banks charge for a payment: by bank, rail, currency and amount, as the customer has agreed
it."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from nostro.domain.money import Money
from nostro.domain.payment import Rail, Route
from nostro.domain.policy import Policy


class BankFee(msgspec.Struct, frozen=True, kw_only=True):
    """What one payment costs. `connection_id` is the bank, `currency` that of the payment; `up_to`
    the largest payment that it is for, None for whatever no other tier of that way is for."""

    connection_id: str
    rail: Rail
    currency: str
    fee: Money
    up_to: Money | None = None


class BankFees(Policy, frozen=True, kw_only=True):
    """All that is known; what is not known is not 0."""

    KIND: ClassVar[str] = "bank_fees"

    fees: tuple[BankFee, ...] = ()

    def fee(self, route: Route, amount: Money) -> Money | None:
        """What a payment of this amount costs by this route; None where nobody has said."""
        wanted = (route.connection_id, route.rail, amount.currency)
        tiers = [
            (one.up_to is None, one.up_to.minor if one.up_to else 0, one.fee)
            for one in self.fees
            if (one.connection_id, one.rail, one.currency) == wanted
            and (one.up_to is None or amount.minor <= one.up_to.minor)
        ]
        return min(tiers, key=lambda tier: tier[:2])[2] if tiers else None
