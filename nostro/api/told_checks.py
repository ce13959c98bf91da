"""What programs are told of issued checks, and of presented ones that people decide on."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel

from nostro.api.told import Paid, Told
from nostro.domain.check_exception import Decision, ExceptionState, Why
from nostro.domain.check_state import CheckState


class Check(Told):
    """One check of the register. `not_in_file` says why no file can tell the bank of it: a person
    does. `unconfirmed`: the bank was told that it is dead and has not said yes, so its payment is
    open. `issue_file_id` and `act_file_id` are the submissions that told it."""

    id: UUID
    account_id: UUID
    account_name: str
    number: str
    amount: Paid
    payee: list[str]
    payee_number: str
    issued_on: date
    source: str
    state: CheckState
    state_since: datetime
    made_by: str
    created_at: datetime
    issue_file_id: UUID | None
    act_file_id: UUID | None
    acted_on: date | None
    acted_by: str
    reason: str
    not_in_file: str
    unconfirmed: bool
    paid_on: date | None


class ChecksEntered(BaseModel):
    """How many are new and how many were known; `gaps` are numbers that nobody entered between two
    checks of the account."""

    new: int
    known: int
    gaps: list[str]
    checks: list[UUID]


class CheckGaps(BaseModel):
    gaps: list[str]


class CheckAsked(BaseModel):
    """What was asked for; `sentence` says what it may not prevent."""

    check: Check
    sentence: str


class CheckDifference(Told):
    """Ours and the bank's side by side, and both in words."""

    why: Why
    ours: str
    theirs: str
    sentence: str


class CheckPresented(Told):
    """A check that the bank was asked to pay and that is not as we said.

    After `decide_by` the bank does what stands in `if_nobody`. `decide_by_local` is the same moment
    on the bank's clock.
    """

    id: UUID
    account_id: UUID
    account_name: str
    check_id: UUID | None
    number: str
    amount: Paid
    payee: list[str]
    presented_on: date
    bank_reference: str
    bank_reason: str
    why: Why
    differences: list[CheckDifference]
    state: ExceptionState
    received_at: datetime
    decide_by: datetime
    decide_by_local: str
    if_nobody: Decision
    decision: Decision | None
    proposed_by: str
    decided_by: str
    decided_at: datetime | None
    reason: str
    decision_file_id: UUID | None
