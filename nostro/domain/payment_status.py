"""What the source of a payment is told of it: where it stands, why, and what came back."""

from __future__ import annotations

from datetime import date

import msgspec

from nostro.domain.money import Money
from nostro.domain.order import OrderState

# The states that a source must know of. What lies between them is our own affair.
TOLD_TO_THE_SOURCE = frozenset(
    {
        OrderState.INVALID,
        OrderState.DENIED,
        OrderState.CANCELLED,
        OrderState.EXPIRED,
        OrderState.REJECTED,
        OrderState.FAILED,
        OrderState.EXECUTED,
        OrderState.SETTLED,
        OrderState.RETURNED,
        OrderState.PARTIALLY_RETURNED,
        OrderState.RECALLED,
    }
)


class PaymentStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One payment and its state since `day`.

    `source_reference` and `run` are the source's own words for it, `number` is ours. `reason` is a
    code (ISO 20022 external codes, or our own), `reason_text` a sentence. `returned` is what came
    back of the amount so far.
    """

    source_reference: str
    run: str = ""
    number: str
    end_to_end_id: str
    state: OrderState
    reason: str = ""
    reason_text: str = ""
    day: date
    amount: Money
    returned: Money | None = None
