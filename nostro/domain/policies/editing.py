"""Changing a payment before it leaves: until when, and what only its source may change."""

from __future__ import annotations

from collections.abc import Collection

from nostro.domain.errors import Invalid, Refused
from nostro.domain.order import ORDER, OrderMove, OrderState

# A payment run was approved and its open items are cleared as its source wrote them: other amounts
# or payees would part what the source booked from what is paid.
THE_SOURCES_OWN = frozenset({"amount", "creditor_iban", "creditor_account"})


def check_state(number: str, state: OrderState) -> None:
    """Raise Refused once the payment has begun to leave, or has ended."""
    if not ORDER.allows(state, OrderMove.EDIT):
        raise Refused(
            "too_late_to_change",
            f"{number} is {state}: it cannot be changed any more.",
            "Nothing was changed.",
            "Recall it if it is on its way; make it again if it ended unpaid.",
        )


def check_fields(number: str, changed: Collection[str], *, of_a_run: bool) -> None:
    """Raise Invalid where nothing would change, or what only the source of a run may change."""
    if not changed:
        raise Invalid(
            "nothing_to_change",
            f"That is what {number} says already.",
            "Nothing was changed.",
            "Say what is to be different.",
        )
    if of_a_run and (theirs := THE_SOURCES_OWN & set(changed)):
        raise Invalid(
            "changed_at_source",
            f"{number} came in a payment run: amount and account are as its source cleared them.",
            "Nothing was changed.",
            "Deny or cancel the payment, correct it at its source and send it anew.",
            field=min(theirs),
        )
