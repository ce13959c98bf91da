"""Where a payment is and what happens next, in plain sentences, for programs and terminals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from nostro.domain.attempt import AttemptState
from nostro.domain.order import OrderState
from nostro.domain.policies.reissue import REISSUABLE
from nostro.storage.dossier import DispatchRow, Dossier
from nostro.storage.payment_links import Links
from nostro.workflows import approval_outlook

_S, _A = OrderState, AttemptState


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where it is now, in a sentence, and what happens next; `next` is "" when nothing does."""

    now: str
    next: str = ""


_AGAIN: Final = "It is over; a payment in its place can be made (reissue)."
_ORDER: Final[Mapping[OrderState, Place]] = {
    _S.DRAFT: Place(now="It is being written.", next="It is checked when it is handed in."),
    _S.VALIDATED: Place(now="It passed the checks.", next="It is put before the approvers."),
    _S.APPROVED: Place(now="It is approved.", next="It is scheduled at once."),
    _S.SCHEDULED: Place(
        now="It is approved and ready to be sent.",
        next="It leaves with the next file of its account.",
    ),
    _S.IN_FLIGHT: Place(now="It is on its way."),
    _S.EXECUTED: Place(
        now="The bank says that it executed it. No statement shows it yet.",
        next="It is settled when a booked statement line is matched to it.",
    ),
    _S.SETTLED: Place(now="It is paid: a booked statement line proves it."),
    _S.INVALID: Place(now="It breaks a rule and was not taken."),
    _S.DENIED: Place(now="It was denied and is never sent.", next=_AGAIN),
    _S.CANCELLED: Place(now="It was cancelled and is not paid.", next=_AGAIN),
    _S.EXPIRED: Place(now="Its latest date passed before it could leave.", next=_AGAIN),
    _S.REJECTED: Place(now="The bank rejected it. It was not paid.", next=_AGAIN),
    _S.FAILED: Place(now="It never reached the bank. It was not paid.", next=_AGAIN),
    _S.RETURNED: Place(now="It was paid and the money came back.", next=_AGAIN),
    _S.PARTIALLY_RETURNED: Place(now="It was paid and part of the money came back."),
    _S.RECALLED: Place(now="It was paid, asked back, and the money came back.", next=_AGAIN),
}
_COLLECTED: Final = "The bank's answer and its statements are collected by themselves."
_ATTEMPT: Final[Mapping[AttemptState, Place]] = {
    _A.PREPARED: Place(now="It is in a file that leaves next.", next="The file is handed over."),
    _A.DISPATCHING: Place(now="Its file is being handed to the bank right now.", next=_COLLECTED),
    _A.UNKNOWN: Place(
        now="Nobody knows whether the bank has it. It is not sent again.",
        next="The bank is asked, step by step; at worst its statement or a person tells.",
    ),
    _A.DELIVERED: Place(now="The bank has the file and has not answered.", next=_COLLECTED),
    _A.RECEIVED: Place(now="The bank received it and checks it.", next=_COLLECTED),
    _A.ACCEPTED: Place(now="The bank accepted it and executes it.", next=_COLLECTED),
    _A.PENDING_AT_BANK: Place(
        now="The bank has it and waits for something more before it executes it.",
        next=_COLLECTED,
    ),
}


def place(dossier: Dossier, links: Links) -> Place:
    """Where this payment is. Its newest attempt says more than `in flight` and `scheduled` do."""
    payment = dossier.payment
    if links.replaced_by and payment.state in REISSUABLE:
        other = links.replaced_by
        now = _ORDER[payment.state].now
        return Place(now=now, next=f"{other.number} took its place; that one is {other.state}.")
    if payment.state is _S.HELD:
        return Place(
            now=" ".join(payment.held_for) or "A person must look at it first.",
            next="An approver who did not make it releases the hold with a reason, or denies it.",
        )
    if payment.state is _S.AWAITING_APPROVAL:
        ahead = approval_outlook.of_payment(dossier)
        given = f"{' and '.join(payment.approved_by)} approved it. " if payment.approved_by else ""
        return Place(
            now=f"{given}It waits for {approval_outlook.waited_for(ahead)}.",
            next="Then it leaves with the next file of its account.",
        )
    return _with_bank(payment.state, dossier.attempts[-1] if dossier.attempts else None)


def _with_bank(state: OrderState, attempt: DispatchRow | None) -> Place:
    if attempt and state in (_S.IN_FLIGHT, _S.SCHEDULED) and attempt.state in _ATTEMPT:
        return _ATTEMPT[attempt.state]
    told = _ORDER[state]
    if attempt and attempt.reason and state in (_S.REJECTED, _S.FAILED, _S.RETURNED):
        said = f"{attempt.reason} {attempt.reason_text}".strip()
        return Place(now=f"{told.now} Reason: {said}.", next=told.next)
    return told
