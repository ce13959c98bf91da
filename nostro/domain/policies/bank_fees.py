"""What banks charge for a payment: by bank, rail, currency and amount, as the customer has agreed
it."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from nostro.domain.money import Money
from nostro.domain.payment import Rail, Route
from nostro.domain.policy import Policy

_WHOLE = 1_000_000


class BankFee(msgspec.Struct, frozen=True, kw_only=True):
    """What one payment costs. `connection_id` is the bank, `currency` that of the payment; `up_to`
    the largest payment that it is for, None for whatever no other tier of that way is for. With
    `share_millionths` of the amount on top the fee is in the payment's currency."""

    connection_id: str
    rail: Rail
    currency: str
    fee: Money
    up_to: Money | None = None
    share_millionths: int = 0

    def of(self, amount: Money) -> Money:
        """The fee of a payment, a started minor unit counted whole: it is shown and compared, never
        booked. What was charged is what the statement says."""
        share = -(-amount.minor * self.share_millionths // _WHOLE)
        return Money(self.fee.minor + share, self.fee.currency)


class BankFees(Policy, frozen=True, kw_only=True):
    """All that is known; what is not known is not 0."""

    KIND: ClassVar[str] = "bank_fees"

    fees: tuple[BankFee, ...] = ()

    def fee(self, route: Route, amount: Money) -> Money | None:
        """What a payment of this amount costs by this route; None where nobody has said."""
        wanted = (route.connection_id, route.rail, amount.currency)
        tiers = [
            (one.up_to is None, one.up_to.minor if one.up_to else 0, one)
            for one in self.fees
            if (one.connection_id, one.rail, one.currency) == wanted
            and (one.up_to is None or amount.minor <= one.up_to.minor)
        ]
        return min(tiers, key=lambda tier: tier[:2])[2].of(amount) if tiers else None
