"""What programs are told of files: how each stands at its bank, and all that is kept about it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, Field

from nostro.api.asked import Amount
from nostro.api.told import Fact, Listed, Paid, Told
from nostro.domain.attempt import AttemptState
from nostro.domain.money import Money
from nostro.domain.operator_evidence import EvidenceKind, EvidenceState
from nostro.domain.submission import SubmissionState


def _amounts(value: Any) -> Any:
    if isinstance(value, dict):
        sums = [Money(minor, currency) for currency, minor in sorted(value.items())]
        return [{"value": one.number(), "currency": one.currency} for one in sums]
    return value


class Submission(Told):
    """One file or call to a bank or an ERP. `tries` counts sendings, `enquiries` questions."""

    id: UUID
    purpose: str
    state: SubmissionState
    state_since: datetime
    connection_id: UUID
    connection: str = Field(validation_alias="connection_name")
    account_id: UUID | None
    message_id: str
    file_name: str
    media_type: str
    payments: int = Field(validation_alias="line_count")
    totals: Annotated[list[Amount], BeforeValidator(_amounts)]
    tries: int
    enquiries: int
    created_at: datetime
    dispatched_at: datetime | None
    answer_due_at: datetime | None
    next_action_at: datetime | None
    bank_reference: str
    last_error: str


class Kept(Told):
    """Bytes that are kept: the file, what it was sealed into, or an answer. SHA-256 in hex."""

    id: UUID
    role: str
    name: str
    media_type: str
    size_bytes: int
    digest: str
    recorded_at: datetime


class Stated(Told):
    """What a person states that the bank said; it counts once it is confirmed."""

    id: str
    kind: EvidenceKind
    state: EvidenceState
    attempt_id: str
    told_by: str
    text: str
    stated_by: str
    stated_at: datetime
    decided_by: str
    decided_at: datetime | None


class PaymentInside(Told):
    """One payment in a file."""

    id: UUID
    payment_id: UUID = Field(validation_alias="order_id")
    number: str
    state: AttemptState
    state_since: datetime
    end_to_end_id: str
    payment_information_id: str
    uetr: UUID
    rail_reference: str
    bank_reference: str
    execution_date: date
    amount: Paid
    payee_name: str
    reason: str
    reason_text: str


class SubmissionStory(BaseModel):
    """One file with all that is known about it. `attempts` is the first page of its payments."""

    submission: Submission
    attempts_by_state: dict[AttemptState, int]
    attempts: Listed[PaymentInside]
    facts: list[Fact]
    evidence: list[Kept]
    stated: list[Stated]
