"""What a bank's status word does to an attempt: ISO 20022 meanings, overridden by bank profile.

Source: ISO 20022 ExternalPaymentTransactionStatus1Code and ExternalStatusReason1Code. An unknown
word moves nothing: it is counted and shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import msgspec

from nostro.domain.attempt import AttemptMove
from nostro.domain.money import Money
from nostro.domain.problem import NOWHERE, Location, Problem

_M = AttemptMove

MEANING: Mapping[str, AttemptMove] = {
    "RCVD": _M.RECEIVE,
    "ACTC": _M.RECEIVE,
    "ACCP": _M.ACCEPT,
    "ACFC": _M.ACCEPT,
    "ACSP": _M.ACCEPT,
    "ACWC": _M.ACCEPT,
    "ACWP": _M.ACCEPT,
    "ACPD": _M.ACCEPT,
    "ACFW": _M.PEND,
    "PATC": _M.PEND,
    "PDNG": _M.PEND,
    "ACSC": _M.EXECUTE,
    "ACCC": _M.EXECUTE,
    "ACIS": _M.EXECUTE,
    "CPUC": _M.EXECUTE,
    "CANC": _M.CANCEL_STOP,
    "RJCT": _M.REJECT,
    # Verification of Payee, answered by the bank that has the file: anything but a match waits
    # there for the payer.
    "RCVC": _M.RECEIVE,
    "RVNC": _M.RECEIVE,  # Of a file: not all payees are checked yet.
    "RVCM": _M.PEND,
    "RVMC": _M.PEND,
    "RVNM": _M.PEND,
    "RVNA": _M.PEND,
}

WITH_MISMATCHES = "RVCM"  # Of a file or batch: its payees are checked, and not all match.

# "Duplicate" is no rejection: the bank says that it may already have the payment.
DUPLICATE_REASONS = frozenset({"AM05", "DUPL", "DU01", "DU02", "DU03", "DU04", "DU05", "R24"})


class StatusReason(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One reason of the bank: its code as written, and whether it is the bank's own code.

    `texts` are the bank's explanations, in order; `originator` is who says so, by name or BIC.
    """

    code: str = ""
    proprietary: bool = False
    texts: tuple[str, ...] = ()
    originator: str = ""
    codes: tuple[tuple[str, str], ...] = ()


class StatusCharge(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a bank charged for a payment: `agent` is its BIC or name, `kind` the kind of charge."""

    amount: Money
    agent: str = ""
    kind: str = ""


class StatusCount(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How many payments have a status, and their sum as written (over all currencies)."""

    status: str
    transactions: int | None = None
    control_sum: str = ""


class TransactionStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a status report: which payment, which word, which reason.

    `reason` is the one that decides, `reasons` are all of them. The `original_` fields repeat what
    our own message said, as far as the bank does. `codes` keeps what has no field, verbatim.
    """

    original_end_to_end_id: str
    original_payment_information_id: str
    original_instruction_id: str
    original_uetr: str
    status: str
    reason: str
    reason_text: str
    line: int = 0
    status_id: str = ""
    reasons: tuple[StatusReason, ...] = ()
    charges: tuple[StatusCharge, ...] = ()
    accepted_at: str = ""
    bank_reference: str = ""
    clearing_reference: str = ""
    original_transaction_id: str = ""
    original_amount: Money | None = None
    original_date: date | None = None
    settlement_amount: Money | None = None
    settlement_date: date | None = None
    original_debtor: str = ""
    original_debtor_account: str = ""
    original_creditor: str = ""
    original_creditor_account: str = ""
    original_mandate_id: str = ""
    remittance: tuple[str, ...] = ()
    codes: tuple[tuple[str, str], ...] = ()
    location: Location = NOWHERE


class BatchStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What the bank says of a batch; "" when it says nothing of the batch as a whole.

    `original_control_sum` is a sum over all currencies, as written.
    """

    original_payment_information_id: str
    status: str
    reason: str
    reason_text: str
    reasons: tuple[StatusReason, ...] = ()
    original_transactions: int | None = None
    original_control_sum: str = ""
    counts: tuple[StatusCount, ...] = ()
    codes: tuple[tuple[str, str], ...] = ()
    location: Location = NOWHERE


class StatusReport(msgspec.Struct, frozen=True, kw_only=True):
    """A pain.002 as read. The lower level wins: transaction over batch over group.

    `unlisted` is what it means for a payment of the original message that no level names: "" is
    nothing, "accepted" is for banks that report rejections only. `meanings` are the bank's own
    meanings of status words, as pairs, for `move_of`. Both come from the bank's profile.
    """

    message_id: str
    created_at: str
    original_message_id: str
    group_status: str
    group_reason: str
    group_reason_text: str
    batches: tuple[BatchStatus, ...]
    transactions: tuple[TransactionStatus, ...]
    problems: tuple[Problem, ...] = ()
    unlisted: str = ""
    meanings: tuple[tuple[str, AttemptMove | None], ...] = ()
    initiator: str = ""
    original_message_name: str = ""
    original_created_at: str = ""
    original_transactions: int | None = None
    original_control_sum: str = ""
    group_reasons: tuple[StatusReason, ...] = ()
    counts: tuple[StatusCount, ...] = ()
    codes: tuple[tuple[str, str], ...] = ()
    location: Location = NOWHERE


def move_of(
    status: str, reason: str, profile: Mapping[str, AttemptMove | None] | None = None
) -> AttemptMove | None:
    """The move a status word asks for, or None for no news. `profile` is the bank's own meaning."""
    if status == "RJCT" and reason in DUPLICATE_REASONS:
        return _M.DOUBT
    if profile and status in profile:
        return profile[status]
    return MEANING.get(status)
