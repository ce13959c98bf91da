"""What a change of a payee does to payments of his that are open: told before anyone agrees."""

from __future__ import annotations

from enum import StrEnum

from nostro.domain.order import ORDER, OrderMove, OrderState


class Touch(StrEnum):
    """What is done to a payee, as far as his payments go."""

    ACCOUNT = "account"  # He is paid elsewhere from then on.
    DETAILS = "details"  # He is called something else, or lives elsewhere.
    CONFIRMATION = "confirmation"  # His account is known to be his.
    ERASURE = "erasure"
    STOP = "stop"


class Fate(StrEnum):
    """What becomes of one open payment."""

    STAYS = "stays"  # As it is.
    FITS = "fits"  # It pays to the account that he has then.
    NOT_APPROVED = "not_approved"  # It can be approved no more.
    HELD_AGAIN = "held_again"  # It goes back before it leaves; its approvals are void.
    HAS_LEFT = "has_left"
    KEPT_HERE = "kept_here"  # Until the stop is lifted.
    STANDS_IN_THE_WAY = "stands_in_the_way"  # The change is refused as long as it is open.


# Everything of which it is not settled yet how it ends.
OPEN = (
    *(OrderState.DRAFT, OrderState.VALIDATED, OrderState.HELD, OrderState.AWAITING_APPROVAL),
    *(OrderState.APPROVED, OrderState.SCHEDULED, OrderState.IN_FLIGHT, OrderState.EXECUTED),
)
_APPROVED = (OrderState.APPROVED, OrderState.SCHEDULED)


def fate(touch: Touch, state: OrderState, *, fits: bool) -> Fate:
    """What becomes of an open payment in this state; `fits` says that it pays to the account that
    the payee has then."""
    left = not ORDER.allows(state, OrderMove.CANCEL)
    if touch is Touch.ERASURE:
        return Fate.STANDS_IN_THE_WAY
    if left:
        return Fate.HAS_LEFT
    if touch is Touch.STOP:
        return Fate.KEPT_HERE
    if touch is not Touch.ACCOUNT:
        return Fate.STAYS
    if state in _APPROVED:
        return Fate.HELD_AGAIN
    return Fate.FITS if fits and state is OrderState.HELD else Fate.NOT_APPROVED


SENTENCES = {
    Fate.STAYS: "Stays as it is; a hold of it is left by a person only.",
    Fate.FITS: "Pays to this very account: it is put to approvers when its hold is released.",
    Fate.NOT_APPROVED: "Can be approved no more: it was checked against the account before. Deny"
    " it and ask for a new one.",
    Fate.HELD_AGAIN: "Does not leave: it is held, and its approvals are void.",
    Fate.HAS_LEFT: "Has left. It is not called back by this: that is a recall.",
    Fate.KEPT_HERE: "Stays here until two people lift the stop.",
    Fate.STANDS_IN_THE_WAY: "Stands in the way: nobody is erased while a payment to him is open.",
}
