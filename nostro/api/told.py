"""What programs are told: rows of the business as JSON, amounts as text with a currency."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from nostro.api.asked import Amount
from nostro.domain.attempt import AttemptState
from nostro.domain.local_account import Scheme
from nostro.domain.match import MatchState
from nostro.domain.money import Money
from nostro.domain.order import OrderState


def _amount(value: Any) -> Any:
    if isinstance(value, Money):
        return {"value": value.number(), "currency": value.currency}
    return value


class Told(BaseModel):
    """An answer, filled from a row."""

    model_config = ConfigDict(from_attributes=True)


Paid = Annotated[Amount, BeforeValidator(_amount)]


class PaymentCreated(Told):
    """A payment as taken in: held for a person, or waiting for approval."""

    id: UUID
    number: str
    reference: str = Field(validation_alias="source_reference")
    state: OrderState
    end_to_end_id: str
    approval_digest: str
    held_for: list[str]
    held_for_codes: list[str] = Field(description="The code of each sentence of `held_for`.")


class PaymentsCreated(Told):
    payments: list[PaymentCreated]


class LocalAccount(Told):
    """An account without an IBAN: whose numbers name the bank, the bank's number, the account's.
    `kind` SVGS: a savings account."""

    scheme: Scheme
    bank_code: str
    number: str
    kind: str


class Payment(Told):
    """One payment order."""

    id: UUID
    number: str
    state: OrderState
    state_since: datetime
    source: str
    reference: str = Field(validation_alias="source_reference")
    entity: str = Field(validation_alias="entity_code")
    account_id: UUID | None
    amount: Paid
    payee_number: str
    payee_name: str = Field(validation_alias="creditor_name")
    payee_iban: str = Field(validation_alias="creditor_iban")
    payee_bic: str = Field(validation_alias="creditor_bic")
    payee_account: LocalAccount | None = Field(
        validation_alias="local_account", description="His account where it has no IBAN."
    )
    requested_date: date
    end_to_end_id: str
    remittance: str
    creditor_reference: str
    invoices: list[str]
    approval_digest: str
    made_by: str = Field(validation_alias="maker_name")
    created_at: datetime
    approved_by: list[str]
    held_for: list[str]


class Approval(Told):
    person: str = Field(validation_alias="person_name")
    digest: str
    approved_at: datetime
    voided_at: datetime | None


class Hold(Told):
    code: str
    sentence: str
    refers_to: str
    opened_at: datetime
    closed_at: datetime | None
    closed_by: str
    reason: str


class Attempt(Told):
    """One dispatch to a bank, with the file that carried it."""

    id: UUID
    state: AttemptState
    state_since: datetime
    end_to_end_id: str
    payment_information_id: str
    uetr: UUID
    execution_date: date
    reason: str
    reason_text: str
    submission_id: UUID
    message_id: str
    file_name: str
    bank_reference: str


class Fact(Told):
    """One word of the bank and what it did: applied, kept, or contradicts."""

    message_id: str
    status: str
    reason: str
    reason_text: str
    verdict: str
    received_at: datetime


class Booking(Told):
    """Cash evidence: the statement line that this payment was matched to."""

    transaction_id: UUID
    statement_id: UUID
    line: int
    amount: Paid
    booked: date | None
    bank_reference: str
    match_state: MatchState


class Actor(Told):
    kind: str
    id: str
    name: str


class TraceStep(Told):
    """One step in a payment's story."""

    id: str
    type: str
    actor: Actor
    occurred_at: datetime
    data: dict[str, Any]


class Statement(Told):
    """One statement; `verdict` says whether opening plus entries make closing."""

    id: UUID
    account_id: UUID
    account_iban: str
    statement_id: str
    kind: str
    sequence: int | None
    currency: str
    from_day: date | None
    to_day: date | None
    opening: Paid | None
    closing: Paid | None
    entry_count: int
    unmatched: int
    verdict: str
    verdict_reason: str
    received_at: datetime
    sample: bool


class Transaction(Told):
    """One entry of a statement; money out is negative."""

    id: UUID
    statement_id: UUID
    account_id: UUID
    line: int
    amount: Paid
    status: str
    booked: date | None
    value: date | None
    bank_reference: str
    end_to_end_id: str
    payment_information_id: str
    batch_count: int
    counterparty_name: str
    counterparty_iban: str
    remittance: str
    transaction_code: str
    match_state: MatchState


class Account(Told):
    id: UUID
    name: str
    iban: str
    account: LocalAccount | None = Field(description="What names it where it has no IBAN.")
    bic: str
    currency: str
    entity: str = Field(validation_alias="entity_code")
    connection: str = Field(validation_alias="connection_name")


class Balance(Told):
    """The newest balance of one kind: of which day, and when we heard it."""

    account_id: UUID
    account_iban: str
    entity: str = Field(validation_alias="entity_code")
    type: str = Field(validation_alias="code")
    amount: Paid
    day: date
    received_at: datetime
    statement_id: UUID


Item = TypeVar("Item", bound=Told)


class Listed(BaseModel, Generic[Item]):
    """One page. `next` is the cursor of the following page, null at the end."""

    items: list[Item]
    next: str | None


class CloudEvent(Told):
    """A CloudEvent (1.0). `position` counts the customer's sealed events without a gap, but for one
    after each restore of our database: the event customer.quarantined there tells its `log_floor`.
    `authtype` and `authid` say who did it, `traceparent` (W3C) in which trace.
    """

    specversion: str = "1.0"
    id: str
    source: str
    type: str
    subject: str
    time: datetime
    datacontenttype: str = "application/json"
    position: int
    sealhash: str
    authtype: str
    authid: str
    onbehalfof: str | None = None
    traceparent: str | None = None
    data: dict[str, Any]


class SealLag(Told):
    """Events that wait for the seal, and since when the oldest does."""

    unsealed: int
    oldest_at: datetime | None


class EventsListed(BaseModel):
    """Sealed events. `next` is always there: keep it and ask again for what comes later."""

    items: list[CloudEvent]
    next: str
    more: bool
    lag: SealLag


class Health(BaseModel):
    """Whether this installation answers, and how far the seal is behind over all customers.

    `status` is ok, or low_on_space: nothing new is taken in. `free_space_percent` of the database's
    volume is null where it cannot be measured. `watch_lists_too_old` are the lists that payees are
    compared with and that a newer one should have replaced by now.
    """

    status: str
    free_space_percent: int | None
    version: str
    database: str
    unsealed: int
    seal_lag_seconds: int
    watch_lists_too_old: list[str]


class FieldError(BaseModel):
    field: str
    message: str


class Problem(BaseModel):
    """RFC 9457. `code` is stable; the sentences are for people."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    happened: str
    did: str
    can_do: str
    field: str
    instance: str
    errors: list[FieldError] | None = None
    reference: str | None = None
