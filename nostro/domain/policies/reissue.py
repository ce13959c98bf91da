"""Paying again what did not arrive: only what surely ended without being paid, and only once."""

from __future__ import annotations

from nostro.domain.errors import Invalid, Refused
from nostro.domain.money import Money
from nostro.domain.order import OrderState

# The payment is over and the payee does not have the money (payment lifecycle, section 5).
REISSUABLE = frozenset(
    {
        OrderState.REJECTED,
        OrderState.FAILED,
        OrderState.RETURNED,
        OrderState.RECALLED,
        OrderState.CANCELLED,
        OrderState.EXPIRED,
        OrderState.DENIED,
    }
)


def check_ended(number: str, state: OrderState) -> None:
    """Raise Refused while the payment could still be paid, or was paid."""
    if state not in REISSUABLE:
        raise Refused(
            "not_reissuable",
            f"{number} is {state}: it may still be paid, or was.",
            "No new payment was made.",
            f"A payment can be made again once it is {', '.join(sorted(REISSUABLE))}.",
        )


def check_amount(before: Money, wanted: Money) -> None:
    """Raise Invalid when the replacement is in another currency: that is another payment."""
    if wanted.currency != before.currency:
        raise Invalid(
            "reissue_currency_differs",
            f"The payment was in {before.currency}; its replacement cannot be in"
            f" {wanted.currency}.",
            "No new payment was made.",
            "Hand it in as a new payment.",
            field="currency",
        )
