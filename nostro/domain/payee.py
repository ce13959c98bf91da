"""A payee as master data: where each version of what we know of him comes from, and who stands by
it. A version is never overwritten; a confirmation is of one version and ends with the next."""

from __future__ import annotations

import re
from datetime import datetime
from enum import StrEnum

import msgspec

from nostro.domain.errors import Invalid
from nostro.domain.party import PostalAddress

MAIL_MAX = 254


class VersionSource(StrEnum):
    """Where a version comes from."""

    UNKNOWN = ""  # From before sources were kept.
    TERMINAL = "terminal"  # Set up there.
    IMPORT = "import"  # A file of payees; the detail is its name and the line.
    ERP = "erp"  # It came with the ERP's payments; the detail is source and reference.
    CHANGE = "change_request"  # Asked for here and agreed to.
    BANK = "bank_correction"  # A bank told it and somebody checked it.


class VersionOrigin(msgspec.Struct, frozen=True, kw_only=True):
    """Where one version comes from, what proves it, and who stands by it, by name.

    `evidence_id` is a file that is kept; `document` is what people call a proof that is kept
    elsewhere, such as a letter or a ticket.
    """

    source: VersionSource = VersionSource.UNKNOWN
    detail: str = ""
    evidence_id: str = ""
    document: str = ""
    asked_by: str = ""
    agreed_by: str = ""


class PayeeDetails(msgspec.Struct, frozen=True, kw_only=True):
    """Who the payee is, and the address to which remittance advice goes."""

    name: str
    address: PostalAddress = PostalAddress()
    email: str = ""


class ConfirmationMethod(StrEnum):
    """How somebody made sure that an account is the payee's."""

    CALL_BACK = "call_back"
    PENNY_TEST = "penny_test"


class NumberSource(StrEnum):
    """Where the number that was called comes from: never from the change itself."""

    OWN_RECORDS = "own_records"  # What we had of him before the change.
    CONTRACT = "contract"
    EARLIER_INVOICE = "earlier_invoice"
    PUBLIC_REGISTER = "public_register"
    IN_PERSON = "in_person"  # Nobody was called: somebody of the payee sat there.


class CallBack(msgspec.Struct, frozen=True, kw_only=True):
    """What was said when the payee was called, with whom, and on which number."""

    spoke_with: str
    number_called: str
    number_source: NumberSource
    called_at: datetime
    said: str


# An address that can stand in a header, and after RCPT TO, without any sign that means something
# there (RFC 5321, section 4.1.2, without quoted names and addresses in numbers). A name of signs
# that are not ASCII is written as the mail system does: xn--...
_MAIL = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
)
_MAIL_NAME_MAX = 64


def mail(text: str) -> str:
    """An address for mail as we keep it; "" stays. Raises Invalid for what can be none."""
    told = text.strip()
    fits = len(told) <= MAIL_MAX and len(told.partition("@")[0]) <= _MAIL_NAME_MAX
    if told and not (fits and _MAIL.fullmatch(told)):
        raise Invalid(
            "invalid_mail_address",
            f"{told[:60]!r} is no address for mail.",
            "Nothing was asked for.",
            "Give one like accounts@payee.example, or none.",
            field="email",
        )
    return told
