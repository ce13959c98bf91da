"""An XML parser that hostile files cannot misuse, and its refusals in plain words.

Everything that reads a message goes through `safe_parser`: no document types (so no entities to
explode or to fetch), no encodings that would be read wrongly, and an end to what one file may ask.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO
from xml.parsers import expat

from nostro.domain.errors import Invalid
from nostro.domain.problem import Location
from nostro.formats.source import ebcdic_refused, looks_like_ebcdic, refuse_packed

CHUNK_BYTES = 1 << 16
DEPTH_MAX = 200
TEXT_MAX = 1 << 20
KEPT = "The original is kept; nothing was booked from it."
# expat's words for "the bytes end in the middle of something" (expat.h, enum XML_Error).
_CUT = {3, 5, 6, 20, 23}
JUNK_AFTER_DOCUMENT = 9
MISPLACED_DECLARATION = 17
BAD_TOKEN = 4
_ALL_BYTES = bytes(range(256))


def safe_parser(encoding: str | None, separator: str | None = None) -> expat.XMLParserType:
    """An expat parser that refuses document types and encodings it would read wrongly.

    `encoding` overrides what the file declares; None believes the file. With a `separator`, names
    come as namespace, separator, local name. Feed it with `fed`.
    """
    parser = expat.ParserCreate(encoding, separator)
    parser.buffer_text = True
    parser.buffer_size = CHUNK_BYTES
    parser.StartDoctypeDeclHandler = _refuse_doctype(parser)
    if encoding is None:
        parser.XmlDeclHandler = check_encoding
    return parser


def fed(stream: BinaryIO, parser: expat.XMLParserType) -> Iterator[None]:
    """Feed a parser chunk by chunk, pausing after each; raises as `messages.records` says."""
    size = 0
    while chunk := stream.read(CHUNK_BYTES):
        if not size:
            check_head(chunk)
        size += len(chunk)
        _feed(parser, chunk, False)
        if size - parser.CurrentByteIndex > TEXT_MAX:  # One token without an end fills the memory.
            raise too_long(parser.CurrentLineNumber)
        yield
    if not size:
        raise empty()
    _feed(parser, b"", True)
    yield


def check_plain(data: bytes) -> None:
    """Refuse a document type, and whatever is not well-formed, as `messages.records` does."""
    parser = safe_parser(None)
    for at in range(0, len(data), CHUNK_BYTES):
        _feed(parser, data[at : at + CHUNK_BYTES], False)
    _feed(parser, b"", True)


def check_head(head: bytes) -> None:
    """Refuse what is no text at all: `compressed_file`, `ebcdic_file`."""
    refuse_packed(head)
    if b"<" not in head[:512] and looks_like_ebcdic(head):
        raise ebcdic_refused("Have it sent as UTF-8.")


def empty() -> Invalid:
    return Invalid("empty_file", "The file is empty.", KEPT, "Fetch it again.", location="line 1")


def no_such_message(message: str, parser: expat.XMLParserType) -> Invalid:
    """A well-formed file of another kind (`wrong_message`)."""
    return Invalid(
        "wrong_message",
        f"The file holds no {message} message.",
        KEPT,
        "Check that this is the file you meant.",
        location=f"line {parser.CurrentLineNumber}",
    )


def too_long(line: int) -> Invalid:
    return Invalid(
        "text_too_long",
        f"One text or tag of the file is longer than {TEXT_MAX:,} characters.",
        KEPT,
        "No bank message has such texts; ask the sender what it is.",
        location=f"line {line}",
    )


def too_deep(line: int) -> Invalid:
    return Invalid(
        "nesting_too_deep",
        f"The file nests elements more than {DEPTH_MAX} deep.",
        KEPT,
        "No bank message does so; if you did not expect this file, report it.",
        location=f"line {line}",
    )


def _refuse_doctype(parser: expat.XMLParserType) -> Callable[..., None]:
    def refuse(*_parts: Any) -> None:
        raise Invalid(
            "doctype_refused",
            "The file declares a document type, which bank messages never do and attacks often do.",
            KEPT,
            "Ask the sender for the plain message; if you did not expect this file, report it.",
            location=f"line {parser.CurrentLineNumber}",
        )

    return refuse


def check_encoding(_version: str, encoding: str | None, _standalone: int) -> None:
    """Refuse an encoding that expat and Python cannot read one byte at a time (`not_text`)."""
    if encoding is None or encoding.upper() in {"UTF-8", "UTF-16"}:
        return
    try:
        readable = len(_ALL_BYTES.decode(encoding, "replace")) == len(_ALL_BYTES)
    except (LookupError, ValueError):
        readable = False
    if not readable:
        raise Invalid(
            "not_text",
            f"The file says that it is encoded as {encoding[:40]!r}, which we cannot read.",
            KEPT,
            "Name the true encoding in the bank's profile.",
            location="line 1",
        )


def is_utf_8(encoding: str | None) -> bool:
    """Whether that name, or none, means UTF-8 in XML."""
    try:
        return encoding is None or codecs.lookup(encoding).name == "utf-8"
    except LookupError:
        return False


def _feed(parser: expat.XMLParserType, chunk: bytes, final: bool) -> None:
    try:
        parser.Parse(chunk, final)
    except expat.ExpatError as error:
        raise broken(error, Location(line=error.lineno, column=str(error.offset + 1)), final) from (
            None
        )


def broken(error: expat.ExpatError, where: Location, final: bool) -> Invalid:
    """The refusal for what expat found: `file_cut` or `not_well_formed`."""
    if final and error.code in _CUT:
        return Invalid(
            "file_cut",
            "The file ends in the middle: its end is missing.",
            KEPT,
            "Fetch it again; ask the bank for it if it stays cut.",
            location=str(where),
        )
    if error.code == JUNK_AFTER_DOCUMENT:
        can_do = "Take away what follows the message, or ask the sender for it again."
    elif error.code == BAD_TOKEN:
        can_do = "If letters with accents are involved, name the true encoding in the profile."
    else:
        can_do = "Ask the sender for a file that is well-formed XML."
    return Invalid(
        "not_well_formed",
        f"The file is not well-formed XML ({expat.ErrorString(error.code)}).",
        KEPT,
        can_do,
        location=str(where),
    )
