"""What programs may ask to be done about payments, cases and stops, checked strictly."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field

from nostro.api.asked import Address, Amount, AmountText, Asked, Currency, Day, Moment
from nostro.domain.freeze import FreezeScope
from nostro.domain.policies.recall import RecallReason
from nostro.storage.paging import LIMIT_DEFAULT
from nostro.storage.payment_search import NEWEST
from nostro.workflows.case_work import REASON_CHARACTERS_MAX

TAKE_BACK_MAX = 1000
_LINES = r"^[^\x00-\x08\x0b-\x1f\x7f]*$"  # Line ends and tabs may stand in it.
_NO_CONTROLS = r"^[^\x00-\x1f\x7f]*$"
Text = Annotated[str, Field(min_length=1, max_length=REASON_CHARACTERS_MAX, pattern=_LINES)]


class PaymentFilters(BaseModel):
    """Which payments are wanted, and in which order."""

    state: str = Field("", description="One state, or several with commas between.")
    q: str = Field("", description="Part of the payee's name, or a whole number or reference.")
    entity: str = ""
    account: UUID | None = Field(None, description="The debit account's id.")
    connection: UUID | None = Field(None, description="The bank connection's id.")
    payee: str = Field("", description="The source's own number of the payee.")
    currency: Currency | None = None
    requested_from: Day | None = None
    requested_to: Day | None = None
    amount_from: AmountText | None = Field(None, description="Needs `currency`.")
    amount_to: AmountText | None = Field(None, description="Needs `currency`.")
    run: UUID | None = Field(None, description="The payment run's id.")
    has_open_case: bool | None = None
    outcome_unknown: bool = Field(
        False, description="Only those of which nobody knows whether their bank has them."
    )
    updated_since: Moment | None = Field(None, description="Its state changed at or after.")


class PaymentPage(PaymentFilters):
    """The payments wanted, page by page."""

    sort: str = Field(
        NEWEST, description="created, requested, amount, updated; with - the last first."
    )
    limit: int = LIMIT_DEFAULT
    cursor: str = ""


class EventPage(BaseModel):
    """Which events are wanted; in the order in which they were sealed."""

    type: str = Field(
        "", description="nostro.order.moved, a family like nostro.order.*, or several with commas."
    )
    subject: str = Field("", description="As an event tells it (order/...), or the id in it.")
    since: Moment | None = Field(None, description="That happened then or later.")
    until: Moment | None = Field(None, description="That happened before then.")
    limit: int = LIMIT_DEFAULT
    cursor: str = Field("", description="`next` of the answer before; without it, from the start.")


class SubmissionPage(BaseModel):
    """Which files are wanted."""

    state: str = Field("", description="One state, or several with commas between.")
    purpose: str = Field("", description="payments, postings or recalls.")
    connection: UUID | None = None
    account: UUID | None = None
    message_id: str = ""
    q: str = Field("", description="A message id, part of a file's name, a bank's reference.")
    updated_since: Moment | None = None
    limit: int = LIMIT_DEFAULT
    cursor: str = ""


class CasePage(BaseModel):
    """Which cases are wanted."""

    kind: str = Field("", description="One kind, or several with commas between.")
    state: str = Field("", description="open, waiting, resolved, or several with commas between.")
    stage: str = ""
    owner: str = Field("", description="A role, or a person's id.")
    due_before: Moment | None = None
    payment: UUID | None = None
    submission: UUID | None = None
    q: str = Field("", description="Words of it, a payee, a payment's number or a message id.")
    limit: int = LIMIT_DEFAULT
    cursor: str = ""


class NewHold(Asked):
    """Why a person must look before anybody pays."""

    reason: Text


class NewCancellation(Asked):
    """Why a payment is taken back (ISO 20022 ExternalCancellationReason1Code), and in words."""

    reason: RecallReason = RecallReason.CUSTOMER
    text: Text


class NewCancellations(NewCancellation):
    """The same for several payments; each has its own outcome."""

    payments: list[UUID] = Field(min_length=1, max_length=TAKE_BACK_MAX)


class CorrectedPayee(Asked):
    """What is different about the payee; what is left out stays."""

    name: Annotated[str, Field(min_length=1, max_length=140, pattern=_NO_CONTROLS)] | None = None
    address: Address | None = None
    iban: Annotated[str, Field(min_length=15, max_length=42, pattern=_NO_CONTROLS)] | None = None
    bic: Annotated[str, Field(max_length=11, pattern=_NO_CONTROLS)] | None = None


class NewEdit(Asked):
    """What is different in a payment, and why; what is left out stays."""

    reason: Text
    amount: Amount | None = None
    payee: CorrectedPayee = CorrectedPayee()
    requested_date: Day | None = None
    remittance: Annotated[str, Field(max_length=140, pattern=_NO_CONTROLS)] | None = None
    creditor_reference: Annotated[str, Field(max_length=35, pattern=_NO_CONTROLS)] | None = None
    debit_iban: Annotated[str, Field(max_length=42, pattern=_NO_CONTROLS)] = Field(
        "", description="The account that pays; empty leaves it."
    )


class NewReissue(NewEdit):
    """A payment in place of one that ended unpaid, and what is different in it."""

    reference: Annotated[str, Field(max_length=70, pattern=_NO_CONTROLS)] = ""


class NewDue(Asked):
    """Another due time, and why."""

    due_at: Moment
    reason: Text


class NewText(Asked):
    """A remark, an outcome or a reason; it stays in the trace."""

    text: Text


class NewAdvice(Asked):
    """Why the payee is told again."""

    reason: Text


class NewPayeeAccount(Asked):
    """Where the payee is paid from now on, as it was checked with the payee, and how."""

    iban: Annotated[str, Field(min_length=15, max_length=42, pattern=_NO_CONTROLS)]
    bic: Annotated[str, Field(max_length=11, pattern=_NO_CONTROLS)] = ""
    reason: Text


class SavedFilters(Asked):
    """What a saved filter may ask for, in the words of the list of payments."""

    state: Annotated[str, Field(max_length=400, pattern=_NO_CONTROLS)] = ""
    q: Annotated[str, Field(max_length=100, pattern=_NO_CONTROLS)] = ""
    account: UUID | None = None
    connection: UUID | None = None
    payee: Annotated[str, Field(max_length=60, pattern=_NO_CONTROLS)] = ""
    currency: Currency | None = None
    requested_from: Day | None = None
    requested_to: Day | None = None
    amount_from: AmountText | None = None
    amount_to: AmountText | None = None
    run: UUID | None = None
    has_open_case: bool = False
    outcome_unknown: bool = False


class NewSavedFilter(Asked):
    """A filter to keep under a name; the same name of the same owner is replaced."""

    name: Annotated[str, Field(min_length=1, max_length=60, pattern=_NO_CONTROLS)]
    shared: bool = False
    filters: SavedFilters


class NewStop(Asked):
    """What is stopped. For `customer` no id is needed."""

    scope: FreezeScope
    subject_id: UUID | None = None
    reason: Text


class NewChangeRequest(Asked):
    """A change that you ask for: its kind, as it is to be, and why."""

    kind: Annotated[str, Field(min_length=1, max_length=40)]
    wanted: dict[str, Any] = Field(
        examples=[{"person": "ann@acme.example", "grants": [{"role": "approver"}]}]
    )
    reason: Text


class NewDryRun(Asked):
    """A change to try on the payments taken in since a day; without one, of the last 90 days."""

    kind: Annotated[str, Field(min_length=1, max_length=40)]
    wanted: dict[str, Any] = Field(
        examples=[{"rules": [{"name": "Large", "when": "above 9000 EUR", "who": "3 approver"}]}]
    )
    since: Day | None = None
