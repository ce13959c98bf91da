"""What /v1 tells about what waits for approval: for whom, until when, and what is unusual of it."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, Field

from nostro.api.told import Paid, Told


class WaitingPayment(Told):
    """A payment that waits for people. `digest` is what an approver agrees to.

    `waits_for` says how many more, and who is next. `yours` is true where the caller may approve
    it now; of a program it is always false. `cut_off` is the bank's last moment for `executed_on`,
    null where none is known; `leaves_at` is when its file may leave. `group` names payments of one
    run, account, rail and day.
    """

    id: UUID
    number: str
    payee: str
    payee_number: str
    amount: Paid
    entity: str
    bank: str
    account: str
    rail: str
    requested_date: date
    made_by: str
    digest: str
    approved_by: list[str]
    needed: int
    waits_for: str
    yours: bool
    unusual: list[str]
    executed_on: date | None
    cut_off: datetime | None
    leaves_at: datetime | None
    group: str


class WaitingGroup(BaseModel):
    """All that wait of one run, account, rail and day, in one currency."""

    group: str
    account_id: UUID | None
    run_id: UUID | None
    rail: str
    day: date
    total: Paid
    count: int
    yours: int
    unusual: int


class ApprovalInbox(BaseModel):
    """One page of what waits: the caller's own first, of them the unusual first. `groups` tell of
    all of it, whatever the page."""

    as_of: datetime
    groups: list[WaitingGroup]
    items: list[WaitingPayment]
    next: str | None = Field(description="Pass it as `cursor`; null at the end.")
