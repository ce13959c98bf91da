"""What /v1 tells about payees: who they are, where they are paid, and how that became known."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

from nostro.api.told import Paid, Payment, Told
from nostro.api.told_cases import Stop
from nostro.domain.payee import ConfirmationMethod, VersionSource
from nostro.domain.policies.payee_verification import NameAnswer
from nostro.domain.policies.touching import Fate


class Payee(Told):
    """One payee with the newest version of his account; without an account `version` is 0."""

    id: UUID
    number: str
    name: str
    version: int
    iban: str
    bic: str
    local_account: str
    valid_from: datetime | None
    changed_by: str
    source: VersionSource
    confirmed: bool
    blocked: bool
    change_waits: bool
    hit_cleared: bool
    changed_recently: bool


class PayeeSource(Told):
    """Payments of one source and entity, and what that source calls the payee."""

    source: str
    entity: str = Field(validation_alias="entity_code")
    payee_number: str
    count: int
    total: Paid


class PayeeSources(BaseModel):
    as_of: datetime
    sources: list[PayeeSource]


class AccountVersion(Told):
    """One version of where a payee is paid, where it comes from and who stands by it."""

    id: UUID
    version: int
    iban: str
    bic: str
    local_account: str
    valid_from: datetime
    changed_by: str
    confirmed: bool
    source: VersionSource
    source_detail: str
    evidence_id: UUID | None
    document: str
    request_id: UUID | None
    asked_by: str = Field(validation_alias="asked_by_name")
    agreed_by: str = Field(validation_alias="agreed_by_name")


class DetailsVersion(Told):
    """One version of who a payee is; remittance advice goes to `email`."""

    version: int
    name: str
    address: dict[str, str]
    email: str
    valid_from: datetime
    changed_by: str
    source: VersionSource
    source_detail: str
    evidence_id: UUID | None
    document: str
    asked_by: str = Field(validation_alias="asked_by_name")
    agreed_by: str = Field(validation_alias="agreed_by_name")


class Confirmation(Told):
    """How one version was confirmed with the payee; `confirmed_at` null: it is not yet."""

    id: UUID
    account_id: UUID
    version: int
    method: ConfirmationMethod
    payment_id: UUID | None = Field(validation_alias="order_id")
    spoke_with: str
    number_called: str
    number_source: str
    happened_at: datetime | None
    said: str
    done_by: str = Field(validation_alias="done_by_name")
    agreed_by: str = Field(validation_alias="agreed_by_name")
    begun_at: datetime
    confirmed_at: datetime | None


class Verification(Told):
    """What a payee's bank said to a name: RCVC match, RVMC close match with the name that it
    knows, RVNM no match, RVNA not possible. `evidence_id` is its answer as it came."""

    id: UUID
    account_id: UUID
    version: int
    name_asked: str
    answer: NameAnswer
    name_told: str
    asked_at: datetime
    asked_by: str = Field(validation_alias="asked_by_name")
    connection: str
    evidence_id: UUID


class PayeeStory(BaseModel):
    """One payee with every version, the newest first; `stops` of him are in force."""

    as_of: datetime
    payee: Payee
    accounts: list[AccountVersion]
    details: list[DetailsVersion]
    confirmations: list[Confirmation]
    verifications: list[Verification]
    stops: list[Stop]


class TouchedPayment(Told):
    """One open payment that a change would touch, and what becomes of it."""

    payment: Payment
    fate: Fate
    sentence: str
