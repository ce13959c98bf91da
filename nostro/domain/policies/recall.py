"""Taking a payment back: what may be asked, for what reason, and what becomes of the payment."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from nostro.domain import duties
from nostro.domain.attempt import ATTEMPT, AttemptMove, AttemptState
from nostro.domain.cancellation import Outcome
from nostro.domain.case import RecallMove, RecallStage
from nostro.domain.duties import Touched
from nostro.domain.errors import Invalid, Refused
from nostro.domain.order import ORDER, OrderMove, OrderState
from nostro.domain.party import Action, Member
from nostro.domain.policies import reach

# The payee's bank answers within 15 banking days of receiving a recall (EPC125-05, SEPA Credit
# Transfer Rulebook, section 4.3.2.3); other rails have no term, so the same is expected of them.
ANSWER_BANK_DAYS = 15
# Money that was agreed to be sent back is expected within so many banking days.
MONEY_BANK_DAYS = 5


class RecallReason(StrEnum):
    """Why (ISO 20022 ExternalCancellationReason1Code)."""

    DUPLICATE = "DUPL"
    TECHNICAL = "TECH"
    FRAUD = "FRAD"
    CUSTOMER = "CUST"
    WRONG_ACCOUNT = "AC03"
    WRONG_AMOUNT = "AM09"


class CancelPurpose(StrEnum):
    """What is to become of the payment; fixed when the cancellation is asked for."""

    STOP = "stop"
    REROUTE = "reroute"  # Cancelled here in order to be sent again.


CANCEL_MOVE: Mapping[CancelPurpose, AttemptMove] = {
    CancelPurpose.STOP: AttemptMove.CANCEL_STOP,
    CancelPurpose.REROUTE: AttemptMove.CANCEL_REROUTE,
}
# Sent again, all others would be just as wrong as the first time; only a technical trouble of the
# bank's is no fault of the payment.
_ALWAYS_STOPS = frozenset(RecallReason) - {RecallReason.TECHNICAL}

STAGE_MOVE: Mapping[Outcome, RecallMove] = {
    Outcome.CANCELLED: RecallMove.ACCEPT,
    Outcome.ACCEPTED: RecallMove.PEND,
    Outcome.PARTLY: RecallMove.PEND,
    Outcome.PENDING: RecallMove.PEND,
    Outcome.REFUSED: RecallMove.REFUSE,
}


def may_cancel(member: Member, about: Touched | None = None) -> None:
    """Raise Refused unless this member may cancel and recall payments."""
    if not duties.may(member, Action.TAKE_BACK_PAYMENTS):
        raise Refused(
            "not_a_maker",
            f"{member.name} may not cancel payments.",
            "Nothing was cancelled.",
            "Ask a maker or an approver of this customer.",
        )
    reach.check(member, Action.TAKE_BACK_PAYMENTS, about, "Nothing was cancelled.")


def is_recallable(order: OrderState, attempt: AttemptState) -> bool:
    """Does a bank have it, or may have it, or has paid it? Then the bank can be asked for it."""
    if ORDER.allows(order, OrderMove.CANCEL):
        return False
    return ORDER.allows(order, OrderMove.RECALL) or ATTEMPT.allows(attempt, AttemptMove.CANCEL_STOP)


def may_ask_again(stage: str, *, is_resolved: bool) -> bool:
    """Is the last recall of a payment at its end: refused, never answered, or closed by a person?

    One that still waits for the bank's answer, or for money that the bank agreed to, is not.
    """
    return is_resolved or stage in (RecallStage.REFUSED, RecallStage.EXPIRED)


def may_be_undone_after(stage: str) -> bool:
    """May a payment be reversed that was asked back before? Only once the bank has said no: a case
    that a person closed leaves the bank at work."""
    return stage == RecallStage.REFUSED


def check_purpose(reason: RecallReason, purpose: CancelPurpose) -> None:
    """Raise Invalid when a payment cancelled for this reason must not be sent again."""
    if reason in _ALWAYS_STOPS and purpose is not CancelPurpose.STOP:
        raise Invalid(
            "recall_always_stops",
            f"A payment recalled as {reason.name.lower()} cannot be sent again another way.",
            "Nothing was cancelled.",
            "Cancel it for good; a corrected payment is a new one.",
            field="purpose",
        )
