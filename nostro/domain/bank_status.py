"""What a bank's status word does to an attempt: ISO 20022 meanings, overridden by bank profile.

Source: ISO 20022 ExternalPaymentTransactionStatus1Code and ExternalStatusReason1Code. An unknown
word moves nothing: it is counted and shown.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from nostro.domain.attempt import AttemptMove
from nostro.domain.problem import Problem

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
}

# "Duplicate" is no rejection: the bank says that it may already have the payment.
DUPLICATE_REASONS = frozenset({"AM05", "DUPL", "DU01", "DU02", "DU03", "DU04", "DU05", "R24"})


class TransactionStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a status report: which payment, which word, which reason."""

    original_end_to_end_id: str
    original_payment_information_id: str
    original_instruction_id: str
    original_uetr: str
    status: str
    reason: str
    reason_text: str
    line: int = 0


class BatchStatus(msgspec.Struct, frozen=True, kw_only=True):
    original_payment_information_id: str
    status: str
    reason: str
    reason_text: str


class StatusReport(msgspec.Struct, frozen=True, kw_only=True):
    """A pain.002 as read. The lower level wins: transaction over batch over group."""

    message_id: str
    created_at: str
    original_message_id: str
    group_status: str
    group_reason: str
    group_reason_text: str
    batches: tuple[BatchStatus, ...]
    transactions: tuple[TransactionStatus, ...]
    problems: tuple[Problem, ...] = ()


def move_of(
    status: str, reason: str, profile: Mapping[str, AttemptMove | None] | None = None
) -> AttemptMove | None:
    """The move a status word asks for, or None for no news. `profile` is the bank's own meaning."""
    if status == "RJCT" and reason in DUPLICATE_REASONS:
        return _M.DOUBT
    if profile and status in profile:
        return profile[status]
    return MEANING.get(status)
