"""Undoing an entry that we originated: when its rail lets us, who may ask, and the entry itself.

Only ACH knows reversals by the originator: Nacha Operating Rules, subsection 2.9 (reversing
entries): the same amount, company and class in the other direction, described as REVERSAL, made
available to the receiving bank within five banking days of the settlement date. A SEPA or SWIFT
transfer is asked back by a recall instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum

import msgspec

from nostro.domain import duties
from nostro.domain.attempt import ATTEMPT, AttemptMove, AttemptState
from nostro.domain.case import ReversalStage
from nostro.domain.duties import Touched
from nostro.domain.errors import Refused
from nostro.domain.order import ORDER, OrderMove, OrderState
from nostro.domain.party import Action, Member
from nostro.domain.payment_file import Method, Payment, PaymentBatch, PaymentFile
from nostro.domain.policies import reach

WINDOW_BANK_DAYS = 5
# Money of a reversal that the bank has taken is expected within so many banking days.
MONEY_BANK_DAYS = 5
DESCRIPTION = "REVERSAL"  # Company entry description, in capitals.
BATCH_NUMBER = "0000001"


# Appendix three, transaction codes: live credits and debits by kind of account. A credit to a loan
# account is undone by 55, which exists for reversals only.
OPPOSITE: Mapping[str, str] = {
    "22": "27",
    "27": "22",
    "32": "37",
    "37": "32",
    "42": "47",
    "47": "42",
    "52": "55",
}


class ReversalReason(StrEnum):
    """Why an entry was wrong: no other reason allows a reversal (subsection 2.9.1)."""

    DUPLICATE = "duplicate"
    WRONG_RECEIVER = "wrong_receiver"
    WRONG_AMOUNT = "wrong_amount"
    WRONG_DATE = "wrong_date"


def may_ask(member: Member, about: Touched | None = None) -> None:
    """Raise Refused unless this member may ask for a payment to be reversed."""
    if not duties.may(member, Action.TAKE_BACK_PAYMENTS):
        raise _refused("not_a_maker", f"{member.name} may not reverse payments.")
    reach.check(member, Action.TAKE_BACK_PAYMENTS, about, "Nothing was sent.")


def may_confirm(member: Member, asked_by: str, about: Touched | None = None) -> None:
    """Raise Refused unless this member may be the second person."""
    if not member.is_person or not duties.may(member, Action.APPROVE_PAYMENTS):
        raise _refused("not_an_approver", f"{member.name} may not confirm reversals.")
    reach.check(member, Action.APPROVE_PAYMENTS, about, "Nothing was sent.")
    if member.id == asked_by:
        raise _refused("own_reversal", f"{member.name} asked for it; a second person confirms it.")


def is_reversible(order: OrderState, attempt: AttemptState) -> bool:
    """Does its bank have it, or may have paid it, and has nothing of it come back?"""
    return ORDER.allows(order, OrderMove.RETURN) and ATTEMPT.allows(attempt, AttemptMove.RETURN)


def check_window(number: str, last_day: date, today: date) -> None:
    """Raise Refused when the last day on which a payment could be reversed is over."""
    if today > last_day:
        raise Refused(
            "reversal_too_late",
            f"{number} could be reversed until {last_day.isoformat()}, {WINDOW_BANK_DAYS} banking"
            " days after its settlement.",
            "Nothing was sent.",
            "Ask the payee for the money.",
        )


def may_ask_again(stage: str) -> bool:
    """One entry is undone once: only after the bank refused a reversal there may be another."""
    return stage == ReversalStage.REFUSED


def may_be_recalled_after(stage: str, never_confirmed: bool) -> bool:
    """May a payment be asked back whose reversal was asked for? Once the bank has said no or its
    file was given up, which both is a refusal, or when nobody confirmed it: a case that a person
    closed leaves the bank at work."""
    return never_confirmed or stage == ReversalStage.REFUSED


class Original(msgspec.Struct, frozen=True, kw_only=True):
    """The entry to undo, with its batch and file, as the bank got it."""

    file: PaymentFile
    batch: PaymentBatch
    entry: Payment


def find(files: list[PaymentFile], references: frozenset[str]) -> Original | None:
    """The one live entry that a reference (trace number, individual id) of the payment names."""
    found = [
        Original(file=file, batch=batch, entry=entry)
        for file in files
        for batch in file.batches
        for entry in batch.payments
        if entry.transaction_code in OPPOSITE
        and references & {entry.rail_reference, entry.end_to_end_id}
    ]
    return found[0] if len(found) == 1 else None


def reversing_file(
    original: Original, *, message_id: str, created_at: str, day: date, trace: str
) -> PaymentFile:
    """A file with the one entry that undoes another; all that is not named here stays as it was."""
    code = OPPOSITE[original.entry.transaction_code]
    debits = (original.entry.method or original.batch.method) is not Method.DIRECT_DEBIT
    entry = msgspec.structs.replace(
        original.entry, transaction_code=code, rail_reference=trace, method=None
    )
    batch = msgspec.structs.replace(
        original.batch,
        batch_id=BATCH_NUMBER,
        method=Method.DIRECT_DEBIT if debits else Method.TRANSFER,
        requested_date=day,
        entry_description=DESCRIPTION,
        service_class="225" if debits else "220",
        payments=(entry,),
    )
    return msgspec.structs.replace(
        original.file, message_id=message_id, created_at=created_at, batches=(batch,)
    )


def _refused(code: str, happened: str) -> Refused:
    return Refused(code, happened, "Nothing was sent.", "Ask another approver or treasurer.")
