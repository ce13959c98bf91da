"""What programs are told of cases and stops, and of what became of payments taken back."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from nostro.api.told import Paid, Told, TraceStep
from nostro.domain.case import CaseKind, CaseState
from nostro.domain.freeze import FreezeCause, FreezeScope
from nostro.domain.payee_change import ChangeState


class Case(Told):
    """Something a person must look at. `owner` is a role until a person takes it."""

    id: UUID
    kind: CaseKind
    state: CaseState
    stage: str
    sentence: str
    can_do: str
    owner: str
    owner_name: str
    due_at: datetime
    opened_at: datetime
    resolved_at: datetime | None
    outcome: str
    payment_id: UUID | None = Field(validation_alias="order_id")
    attempt_id: UUID | None
    submission_id: UUID | None
    request_id: UUID | None
    statement_id: UUID | None
    parent_id: UUID | None
    amount: Paid | None = Field(validation_alias="own_amount")
    reason: str
    details: dict[str, Any]


class CaseStory(BaseModel):
    case: Case
    events: list[TraceStep]


class Stop(Told):
    """A stop: nothing of its subject leaves while it is in force; two other people lift it."""

    id: str
    scope: FreezeScope
    subject_id: str
    cause: FreezeCause
    reason: str
    set_by: str
    set_at: datetime
    lifted_at: datetime | None
    agreed_to_lift: list[str]


class AccountDetails(Told):
    """Where a payee is paid, as far as the bank names it: parts that it leaves out are ""."""

    iban: str = ""
    bic: str = ""
    account: str = ""
    bank_code: str = ""
    name: str = ""
    identification: str = ""
    transaction_code: str = ""


class PayeeChange(Told):
    """A proposed change of a payee's bank details. Nothing is paid to it while it is proposed."""

    id: UUID
    payee_id: UUID
    payee: str = Field(validation_alias="payee_number")
    payee_name: str
    state: ChangeState
    origin: str
    code: str
    text: str
    before: AccountDetails
    after: AccountDetails
    case_id: UUID | None
    proposed_at: datetime
    decided_by: str = Field(validation_alias="decided_by_name")
    decided_at: datetime | None


class PayeeChangeStory(BaseModel):
    """`paid_to` is the payee's IBAN today; `evidence_id` the bank's file; `stops` of this payee are
    in force besides, and deciding does not lift them."""

    change: PayeeChange
    paid_to: str
    payment_id: UUID | None
    evidence_id: UUID | None
    stops: list[Stop]


class SavedFilter(Told):
    """Payments filters under a name; `shared` ones are everybody's. `filters` as in the list."""

    id: UUID
    name: str
    shared: bool
    filters: dict[str, str]


class Taking(StrEnum):
    """What became of one payment that was to be taken back."""

    CANCELLED = "cancelled"  # It had not left: it never will.
    RECALLED = "recalled"  # It had left: the bank is asked for it, see the case.
    NOT_TAKEN = "not_taken"  # Neither was possible; the sentence says why.


class TakenBackOne(Told):
    payment_id: UUID
    outcome: Taking
    case_id: UUID | None
    sentence: str


class TakenBack(Told):
    payments: list[TakenBackOne]


class Callback(Told):
    """The bank's message is kept; it is understood after this answer."""

    received: bool
