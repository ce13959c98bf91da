"""What programs are told of one payment: its whole story, and where it is in plain words."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel

from nostro.api.told import (
    Approval,
    Attempt,
    Booking,
    Fact,
    Hold,
    Paid,
    Payment,
    Told,
    TraceStep,
)
from nostro.api.told_calendars import Plan
from nostro.domain.case import CaseState
from nostro.domain.order import OrderState


class StateTotal(Told):
    """How many payments are in one state, and their sum in one currency."""

    state: OrderState
    count: int
    total: Paid


class Funnel(BaseModel):
    """States in which no payment is are left out."""

    states: list[StateTotal]


class ConfidentialRun(Told):
    """One confidential run, or the confidential payments that a source handed in on one day.

    `totals` leave a currency out in which there is only one payment: it would be its amount.
    """

    run_id: UUID | None
    source: str
    reference: str
    received_at: datetime
    first_day: date
    last_day: date
    count: int
    states: dict[OrderState, int]
    totals: list[Paid]


class ConfidentialRuns(BaseModel):
    """The newest first."""

    runs: list[ConfidentialRun]


class Place(Told):
    """Where a payment is, and what happens next ("" when nothing does): sentences for people."""

    now: str
    next: str


class LinkedPayment(Told):
    id: UUID
    number: str
    state: OrderState
    amount: Paid


class CaseOfPayment(Told):
    id: UUID
    kind: str
    state: CaseState
    sentence: str
    can_do: str
    owner: str
    due_at: datetime
    opened_at: datetime
    resolved_at: datetime | None


class PaymentStory(Told):
    """One payment with its whole story; `events` has also what is not sealed yet."""

    payment: Payment
    place: Place
    plan: Plan | None
    latest_date: date
    replaces: LinkedPayment | None
    replaced_by: LinkedPayment | None
    approvals: list[Approval]
    holds: list[Hold]
    attempts: list[Attempt]
    facts: list[Fact]
    bookings: list[Booking]
    cases: list[CaseOfPayment]
    events: list[TraceStep]
