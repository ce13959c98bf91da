"""What programs may ask: requests checked strictly, so that nothing is guessed or ignored.

Amounts are text with a currency. A JSON number has no decimals we could trust: it is refused.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
)
from pydantic_core import PydanticCustomError

from nostro.domain.local_account import Scheme
from nostro.domain.payment import Rail, Urgency

BATCH_MAX: Final = 1000
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z", re.ASCII)
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]", re.ASCII)
_NO_CONTROLS = r"^[^\x00-\x1f\x7f]*$"


def _amount_text(value: Any) -> Any:
    if isinstance(value, str):
        return value
    raise PydanticCustomError(
        "amount_not_text",
        'An amount is written as text, for example "1234.50"; a JSON number can lose cents.',
    )


def _day_text(value: Any) -> Any:
    if isinstance(value, str) and _DAY.match(value):
        return value
    raise PydanticCustomError("day_not_text", 'A day is written as text, for example "2026-11-30".')


def _moment_text(value: Any) -> Any:
    """A number would be taken for seconds since 1970."""
    if isinstance(value, str) and _MOMENT.match(value):
        return value
    raise PydanticCustomError(
        "moment_not_text", 'A time is written as text with its zone: "2026-11-30T12:00:00Z".'
    )


def _in_utc(value: datetime) -> datetime:
    """The same moment: a zone may be further away than the database knows."""
    try:
        return value.astimezone(UTC)
    except OverflowError as error:
        raise PydanticCustomError(
            "moment_out_of_range", "It is not within the years 1 to 9999."
        ) from error


AmountText = Annotated[
    str,
    Field(max_length=40, pattern=r"^[+-]?[0-9]+(\.[0-9]+)?$", examples=["1234.50"]),
    BeforeValidator(_amount_text),
]
Currency = Annotated[str, Field(pattern="^[A-Z]{3}$", examples=["EUR"])]
Day = Annotated[date, BeforeValidator(_day_text)]
Moment = Annotated[AwareDatetime, BeforeValidator(_moment_text), AfterValidator(_in_utc)]
PurposeCode = Annotated[str, Field(pattern="^([A-Z]{4})?$", examples=["SALA"])]
Country = Annotated[str, Field(pattern="^[A-Z]{2}$", examples=["NL"])]


def _text(most: int, least: int = 0) -> Any:
    return Field(min_length=least, max_length=most, pattern=_NO_CONTROLS)


class Asked(BaseModel):
    """A request: a field that we do not know is refused, never ignored."""

    model_config = ConfigDict(extra="forbid")


class Amount(Asked):
    """Money: decimal text and ISO 4217 currency."""

    value: AmountText
    currency: Currency


class Address(Asked):
    """A structured postal address; banks need town and country."""

    street: Annotated[str, _text(70)] = ""
    building: Annotated[str, _text(16)] = ""
    post_code: Annotated[str, _text(16)] = ""
    town: Annotated[str, _text(35, 1)]
    country: Country


class NewLocalAccount(Asked):
    """An account without an IBAN: whose numbers name the bank, the bank's number, the account's."""

    scheme: Scheme = Field(description="Whose number `bank_code` is.")
    bank_code: Annotated[str, _text(11, 1)] = Field(examples=["021000021"])
    number: Annotated[str, _text(34, 1)] = Field(examples=["123456789"])
    kind: Literal["", "SVGS"] = Field(default="", description="SVGS: a savings account.")


class NewPayee(Asked):
    """Who is paid: the source's own number of the payee, and his account: its IBAN, or `account`
    where it has none, or neither for a cheque."""

    number: Annotated[str, _text(70, 1)]
    name: Annotated[str, _text(140, 1)]
    address: Address
    iban: Annotated[str, _text(42)] = Field(default="", examples=["NL20INGB0001234567"])
    bic: Annotated[str, _text(11)] = ""
    account: NewLocalAccount | None = None
    is_person: bool = Field(default=False, description="No company: a salary, a refund.")


class NewPayment(Asked):
    """One payment to make. `reference` is your own number of it and can be used once."""

    reference: Annotated[str, _text(70, 1)]
    entity: Annotated[str, _text(70, 1)] = Field(description="Code of the legal entity that pays.")
    amount: Amount
    payee: NewPayee
    requested_date: Day
    invoices: list[Annotated[str, _text(70, 1)]] = Field(default_factory=list, max_length=100)
    remittance: Annotated[str, _text(140)] = ""
    creditor_reference: Annotated[str, _text(35)] = ""
    end_to_end_id: Annotated[str, _text(35)] = ""
    rail: Rail | None = Field(default=None, description="The rail to take; else one is proposed.")
    urgency: Urgency | None = Field(
        default=None, description="Moves nothing by itself: the rules of routing may ask about it."
    )
    purpose: PurposeCode = Field(default="", description="ISO 20022 ExternalPurpose1Code.")
    category_purpose: PurposeCode = Field(
        default="", description="ISO 20022 ExternalCategoryPurpose1Code."
    )
    approved_by: Annotated[str, _text(70)] = Field(
        default="",
        description="Who approved it in your system. It counts as that person's approval here only"
        " where the rules of approving name him for the source api.",
    )
    confidential: bool = Field(
        default=False,
        description="Payroll: only who is cleared sees payee and amount. It is so for life.",
    )


class NewPayments(Asked):
    """Several payments, taken all or none."""

    payments: list[NewPayment] = Field(min_length=1, max_length=BATCH_MAX)


def _one_or_many(value: Any) -> str:
    return "many" if isinstance(value, dict) and "payments" in value else "one"


NewPaymentOrPayments = Annotated[
    Annotated[NewPayment, Tag("one")] | Annotated[NewPayments, Tag("many")],
    Discriminator(_one_or_many),
]


class NewApproval(Asked):
    """Your agreement to what you saw: the payment's `approval_digest`."""

    digest: str = Field(pattern="^[0-9a-f]{64}$")
