"""What a bank's REST API answers, as docs/channels/rest.md has it, and what that means to us."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Annotated, NoReturn, TypeVar

import msgspec

from nostro.connectors.classify import Answer
from nostro.domain.bank_status import DUPLICATE_REASONS
from nostro.domain.errors import ConnectionUnfit, InDoubt, Invalid, NostroError, Refused
from nostro.ports import Incoming, NameTold, Outgoing

_Shape = TypeVar("_Shape")


class Handed(msgspec.Struct, frozen=True):
    """A file or a recall was taken, under the bank's own reference."""

    reference: Annotated[str, msgspec.Meta(min_length=1)]


class Known(msgspec.Struct, frozen=True):
    """The bank has the file with this message id."""

    message_id: str


class Named(msgspec.Struct, frozen=True):
    """What the payee's bank says to a name; after a close match the name that it knows."""

    result: Annotated[str, msgspec.Meta(pattern="^(RCVC|RVMC|RVNM|RVNA)$")]
    name: str = ""


class Told(msgspec.Struct, frozen=True):
    """422 to a file, 404 to an enquiry: the bank's code and sentence."""

    code: str = ""
    text: str = ""


class Message(msgspec.Struct, frozen=True):
    """One message of the bank; `content` travels in base64."""

    id: str
    name: str
    media_type: str
    released_at: Annotated[datetime, msgspec.Meta(tz=True)]
    content: bytes


class Page(msgspec.Struct, frozen=True):
    """Messages after a cursor; `next` is the cursor after them."""

    messages: list[Message]
    more: bool
    next: str | None = None


# About who we are or where we called (RFC 9110 section 15.5): nobody looked at the file.
_NOT_LOOKED_AT = frozenset({403, 404, 405, 407, 410, 421})
# Statuses that a proxy or gateway on the way gives as well: the bank's no needs the bank's words.
ANY_GATEWAY_SAYS = _NOT_LOOKED_AT | {400, 411, 413, 414, 415, 431, 451}


def is_not_of_file(answer: Answer) -> bool:
    """Is this a no that says nothing about the payments in the file?"""
    if answer.status in _NOT_LOOKED_AT:
        return True
    return answer.status in ANY_GATEWAY_SAYS and not bank_words(answer).code


def name_told(answer: Answer) -> NameTold:
    """What the payee's bank says to a name, with its answer as it came."""
    told = decoded(answer, Named)
    return NameTold(
        answer=told.result,
        name=plain(told.name),
        content=answer.content,
        media_type=media_type(answer.headers),
    )


def not_let_through(path: str, answer: Answer) -> ConnectionUnfit:
    told = bank_words(answer)
    words = plain(f"{told.code} {told.text}")
    return ConnectionUnfit(
        "not_let_through",
        f"The bank's API, or a gateway before it, answered {answer.status} to a file at"
        f" {path}{': ' + words if words else ''}.",
        "That says nothing about the payments, and nothing was done; the file waits.",
        "Check the addresses of the connection, and what the bank lets its credentials do.",
    )


def refusal(message_id: str, answer: Answer) -> NostroError:
    """409: other bytes lie under our key. 422, or a no in the bank's own words: it looked at the
    file and refuses it."""
    told = bank_words(answer)
    words = plain(f"{told.code} {told.text}") or str(answer.status)
    if answer.status == 409 or told.code in DUPLICATE_REASONS:
        return InDoubt(
            "bank_has_message_id",
            f"The bank says that it already has something under {message_id}: {words}.",
            "We sent nothing more and treat the file as possibly delivered.",
            "We ask the bank what became of the first one.",
        )
    return Refused(
        "bank_refused_file",
        f"The bank refused {message_id}: {words}.",
        "It did nothing with it.",
        "Correct the cause; a corrected file is a new file with a new message id.",
    )


def bank_words(answer: Answer) -> Told:
    """The bank's own words with a no; empty when the answer is not in the bank's own shape."""
    try:
        return msgspec.json.decode(answer.content, type=Told)
    except msgspec.DecodeError:
        return Told()


def decoded(answer: Answer, shape: type[_Shape]) -> _Shape:
    """The answer to a question; raises Refused when it is not as the API has it."""
    try:
        return msgspec.json.decode(answer.content, type=shape)
    except msgspec.DecodeError as error:
        raise Refused(
            "answer_unreadable",
            f"The bank's answer is not as its API has it: {error}.",
            "Nothing more was read.",
            "Check the addresses in the connection.",
        ) from None


def goes_in_circles() -> NoReturn:
    """Ends a reading that would never end."""
    raise Refused(
        "mailbox_goes_in_circles",
        "The bank's list of messages does not get on: it gives the same page or place again.",
        "What it gave was kept, and we stopped asking.",
        "Tell the bank; we look again at the next turn.",
    )


def incoming(message: Message) -> Incoming:
    """`received_at` is when the bank says that it released the message."""
    return Incoming(
        name=plain(message.name) or plain(message.id),
        media_type=message.media_type,
        content=message.content,
        received_at=message.released_at,
    )


def sent_at(answer: Answer) -> datetime:
    """When the bank says that it answered (RFC 9110 section 6.6.1); a bank without a clock of its
    own leaves it out: then now."""
    try:
        return parsedate_to_datetime(answer.headers.get("date", "")).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return datetime.now(UTC)


def media_type(headers: Mapping[str, str]) -> str:
    """Without its parameters; a bank that names none sends XML."""
    return headers.get("content-type", "").partition(";")[0].strip() or "application/xml"


def idempotency_key(outgoing: Outgoing) -> str:
    """The message id, always; raises Invalid for one that no header could carry."""
    key = outgoing.message_id
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise Invalid(
            "message_id_not_sendable",
            f"The message id {key!r} cannot be the key of a call: it has other than plain letters.",
            "Nothing was sent.",
            "Choose message ids of letters, digits and signs of ASCII.",
        )
    return key


def plain(text: str) -> str:
    """Somebody else's words as a short name or part of a sentence."""
    kept = (letter for letter in " ".join(text.split()) if letter.isprintable() and letter != "/")
    return "".join(kept)[:200]
