"""Taking payments back: what is asked of a bank, and what the bank answers.

One shape for camt.055 (a customer asks its bank), camt.056 (a bank asks another one, or passes it
on to the payee) and camt.029 (the answer).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum

import msgspec

from nostro.domain.bank_status import StatusCount, StatusReason
from nostro.domain.money import Money
from nostro.domain.problem import NOWHERE, Location, Problem


class Outcome(StrEnum):
    """What an answer means for one payment."""

    CANCELLED = "cancelled"
    ACCEPTED = "accepted"  # The request is; the payment is not back yet.
    PARTLY = "partly"
    PENDING = "pending"
    REFUSED = "refused"


# ISO 20022 ExternalInvestigationExecutionConfirmation1Code, CancellationIndividualStatus1Code and
# GroupCancellationStatus1Code.
_OUTCOME: Mapping[str, Outcome] = {
    "CNCL": Outcome.CANCELLED,
    "ACCR": Outcome.ACCEPTED,
    "IPAY": Outcome.ACCEPTED,  # The payment that brings the money back has been started.
    "CWFW": Outcome.PENDING,  # The cancellation will follow.
    "PECR": Outcome.PARTLY,
    "PACR": Outcome.PARTLY,
    "PDCR": Outcome.PENDING,
    "UWFW": Outcome.PENDING,
    "RJCR": Outcome.REFUSED,
}


class CaseParty(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Who asks, or is asked: a company, or with `bank` a bank.

    `number` is another id of a company, or a bank's id in a clearing system.
    """

    name: str = ""
    bic: str = ""
    number: str = ""
    bank: bool = False
    codes: tuple[tuple[str, str], ...] = ()


class InvestigationCase(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The file under which both sides keep the question, and who opened it."""

    case_id: str
    creator: CaseParty
    reopened: bool | None = None


class CancelledPayment(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One payment that shall be taken back, as the original message had it.

    `requested_date` is when it was to be executed or collected; `requested_time` is the time and
    offset after it, where the original gave one. The `settlement_` fields, `transaction_id`,
    `clearing_reference` and the original message's id and name occur between banks only.
    """

    end_to_end_id: str = ""
    instruction_id: str = ""
    uetr: str = ""
    cancellation_id: str = ""
    case: InvestigationCase | None = None
    amount: Money | None = None
    requested_date: date | None = None
    requested_time: str = ""
    collection_date: date | None = None
    transaction_id: str = ""
    clearing_reference: str = ""
    original_message_id: str = ""
    original_message_name: str = ""
    original_created_at: str = ""
    settlement_amount: Money | None = None
    settlement_date: date | None = None
    reasons: tuple[StatusReason, ...] = ()
    codes: tuple[tuple[str, str], ...] = ()
    location: Location = NOWHERE


class CancelledBatch(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A batch that shall be taken back whole, or some payments of it."""

    batch_id: str
    cancellation_id: str = ""
    case: InvestigationCase | None = None
    original_message_id: str = ""
    original_message_name: str = ""
    original_created_at: str = ""
    original_transactions: int | None = None
    original_control_sum: str = ""
    whole: bool | None = None
    reasons: tuple[StatusReason, ...] = ()
    payments: tuple[CancelledPayment, ...] = ()
    codes: tuple[tuple[str, str], ...] = ()
    location: Location = NOWHERE


class CancelledMessage(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A message that shall be taken back whole, or some batches or payments of it.

    All that tells the message is "" where the request names single batches or payments only.
    """

    original_message_id: str = ""
    original_message_name: str = ""
    original_created_at: str = ""
    cancellation_id: str = ""
    case: InvestigationCase | None = None
    original_transactions: int | None = None
    original_control_sum: str = ""
    whole: bool | None = None
    reasons: tuple[StatusReason, ...] = ()
    batches: tuple[CancelledBatch, ...] = ()
    payments: tuple[CancelledPayment, ...] = ()
    codes: tuple[tuple[str, str], ...] = ()
    location: Location = NOWHERE


class CancellationRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A whole request. `created_at` is ISO 8601 as written; `between_banks` is a camt.056."""

    assignment_id: str
    created_at: str
    assigner: CaseParty
    assignee: CaseParty
    messages: tuple[CancelledMessage, ...]
    case: InvestigationCase | None = None
    between_banks: bool = False
    problems: tuple[Problem, ...] = ()
    codes: tuple[tuple[str, str], ...] = ()
    location: Location = NOWHERE


class AnsweredPayment(CancelledPayment, frozen=True, kw_only=True, gc=False):
    """What the bank answers for one payment: its word, and the reasons for it."""

    status: str = ""
    original_batch_id: str = ""


class AnsweredBatch(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the bank answers for a batch, or a message, as a whole.

    `batch_id` is "" for a message. `status` is "" when only single payments are answered.
    """

    batch_id: str = ""
    original_message_id: str = ""
    original_message_name: str = ""
    original_created_at: str = ""
    cancellation_id: str = ""
    case: InvestigationCase | None = None
    original_transactions: int | None = None
    original_control_sum: str = ""
    status: str = ""
    reasons: tuple[StatusReason, ...] = ()
    counts: tuple[StatusCount, ...] = ()
    codes: tuple[tuple[str, str], ...] = ()
    location: Location = NOWHERE


class CancellationAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A camt.029 as read. The lower level wins: payment over batch over message over `status`."""

    assignment_id: str
    created_at: str
    assigner: CaseParty
    assignee: CaseParty
    case: InvestigationCase | None = None
    status: str = ""
    messages: tuple[AnsweredBatch, ...] = ()
    batches: tuple[AnsweredBatch, ...] = ()
    payments: tuple[AnsweredPayment, ...] = ()
    problems: tuple[Problem, ...] = ()
    codes: tuple[tuple[str, str], ...] = ()
    location: Location = NOWHERE


def outcome_of(status: str) -> Outcome | None:
    """What a bank's word means, or None for one that we do not know: a person reads it."""
    return _OUTCOME.get(status)


def payments_of(request: CancellationRequest) -> list[CancelledPayment]:
    """Every payment that a request names, in its order."""
    found: list[CancelledPayment] = []
    for message in request.messages:
        for batch in message.batches:
            found += batch.payments
        found += message.payments
    return found
