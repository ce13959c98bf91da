"""The advice to a payee as a mail (RFC 5322): its text, what is attached, and what it is known by.

Made once, byte by byte the same for the same content: what is sent again is the same message.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final

import msgspec

from nostro.domain.errors import Invalid

# Mail servers on the way may not take more than seven bits, nor long lines.
_SEVEN_BITS: Final = SMTP.clone(cte_type="7bit")
_NO_SERVER: Final = "nostro.invalid"  # Of what is written as files and never mailed.


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """A file that goes with it."""

    name: str
    media_type: str
    content: bytes


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """What a mail says. `name` is what it is known by for ever, `answers` the name of the one that
    it corrects."""

    name: str
    sender: str
    sender_name: str
    recipient: str
    subject: str
    text: str
    attachments: Sequence[Attachment] = ()
    answers: str = ""


def write(mail: Mail, made_at: datetime) -> bytes:
    """The whole message. Names from elsewhere cannot begin a header of their own: a sign that ends
    a line, or that nobody sees, is a space."""
    message = EmailMessage(policy=_SEVEN_BITS)
    place = mail.sender.rpartition("@")[2] or _NO_SERVER
    if mail.sender:
        message["From"] = _mailbox(mail.sender, one_line(mail.sender_name))
    if mail.recipient:
        message["To"] = _mailbox(mail.recipient)
    message["Subject"] = one_line(mail.subject)
    message["Date"] = format_datetime(made_at)
    message["Message-ID"] = f"<{mail.name}@{place}>"
    if mail.answers:
        message["In-Reply-To"] = message["References"] = f"<{mail.answers}@{place}>"
    # No out-of-office notes, and no answers by machines (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    for one in mail.attachments:
        kind, _, parameters = one.media_type.partition(";")
        main, _, sub = kind.partition("/")
        params = dict([parameters.strip().split("=", 1)]) if parameters else None
        message.add_attachment(
            one.content, maintype=main, subtype=sub, filename=one.name, params=params
        )
    if message.is_multipart():
        message.set_boundary(f"=_{mail.name}")
    return message.as_bytes()


def one_line(text: str) -> str:
    """Printable, on one line."""
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())


def _mailbox(address: str, name: str = "") -> Address:
    try:
        return Address(display_name=name, addr_spec=address)
    except (ValueError, IndexError) as error:  # What the standard library makes of bad addresses.
        raise Invalid(
            "invalid_mail_address",
            f"{address[:60]!r} is no address for mail.",
            "Nobody was told anything.",
            "Correct the address.",
            field="email",
        ) from error
