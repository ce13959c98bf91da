"""What all bank messages in XML share: which message it is, safe reading.

ISO 20022 messages come in many versions, with any namespace prefix, bare or inside an envelope
with a business application header (head.001). Readers therefore go by local names and by the path
below the message element; only writers and `schema` go by the exact version.

A reader declares `Shape`s: the repeated elements that it wants as records, and for each the paths
below it whose text it wants. `records` drives expat over the bytes, chunk by chunk.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, BinaryIO
from xml.parsers import expat

import msgspec

from nostro.domain.errors import Invalid
from nostro.domain.problem import Location
from nostro.formats import Profile

CHUNK_BYTES = 1 << 16
_KEPT = "The original is kept; nothing was booked from it."
_MESSAGE_NAME = re.compile(r"(?:^|[^a-z])([a-z]{4}\.\d{3})\.(?:\d{3})(?:\.\d{2})?")
_ENVELOPE = re.compile(rb"MsgDefIdr>\s*([a-z]{4}\.\d{3})")
# expat's words for "the bytes end in the middle of something" (expat.h, enum XML_Error).
_CUT = {3, 5, 6, 20, 23}
_JUNK_AFTER_DOCUMENT = 9
_ALL_BYTES = bytes(range(256))
_BAD_BYTES = 4


class Record(msgspec.Struct):
    """One repeated element as read: texts by slot, parts of repeated slots, and inner objects."""

    name: str
    number: int
    line: int
    texts: dict[str, str]
    parts: dict[str, list[str]]
    inner: dict[str, list[Any]]
    parent: Record | None = None

    def get(self, slot: str) -> str:
        return self.texts.get(slot, "")

    def all(self, slot: str) -> list[str]:
        return self.parts.get(slot, [])

    def objects(self, name: str) -> list[Any]:
        return self.inner.get(name, [])

    def chain(self) -> list[str]:
        """This record and those around it, inside out: ["entry 3", "statement 1"]."""
        names = []
        record: Record | None = self
        while record is not None and record.parent is not None:  # The message itself has no number.
            names.append(f"{record.name} {record.number}")
            record = record.parent
        return names

    def words(self) -> str:
        """For the start of a sentence: "Entry 3 of statement 1"."""
        return " of ".join(self.chain()).capitalize()

    def location(self) -> Location:
        return Location(line=self.line, path=", ".join(reversed(self.chain())))


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """A repeated element: what to read below it, and what to make of it.

    `fields` maps paths ("Id/IBAN") to slots; a slot ending in "*" keeps every occurrence, others
    keep the first. A `Ccy` attribute lands in the slot's name + "@". `inner` maps paths to shapes
    whose objects are collected under the shape's name. `make` turns a finished record into the
    object that its parent, or with `yields` the caller, gets; None is dropped.
    """

    name: str
    fields: dict[str, str]
    make: Callable[[Record], Any]
    inner: dict[str, Shape] = {}
    yields: bool = False


class _Node:
    """One step of a path: which element names go on from here, and what this element means."""

    __slots__ = ("below", "many", "shape", "slot")

    def __init__(self) -> None:
        self.below: dict[str, _Node] = {}
        self.slot = ""
        self.many = False
        self.shape: Shape | None = None


_IGNORED = _Node()


def _steps(node: _Node, path: str) -> _Node:
    for name in path.split("/"):
        node = node.below.setdefault(name, _Node())
    return node


def _compile(node: _Node, shape: Shape) -> _Node:
    node.shape = shape
    for path, slot in shape.fields.items():
        leaf = _steps(node, path)
        leaf.slot, leaf.many = slot.rstrip("*"), slot.endswith("*")
    for path, inner in shape.inner.items():
        _compile(_steps(node, path), inner)
    return node


class _Machine:
    """The state while the bytes go by: where we are, the open records, what is finished."""

    def __init__(self, parser: expat.XMLParserType, message: str, shape: Shape) -> None:
        # The message element may stand anywhere below any envelope: `search` stays until found.
        self.search = _Node()
        self.search.below[message] = _compile(_Node(), shape)
        self.parser = parser
        self.node = self.search
        self.stack: list[_Node] = []
        self.record: Record | None = None
        self.text: str | None = None
        self.done: list[Any] = []
        self.counts: dict[str, int] = {}
        self.found = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        node = self.node
        self.stack.append(node)
        after = node.below.get(name)
        if after is None and ":" in name:
            after = node.below.get(name.rpartition(":")[2])
        if after is None:
            after = node if node is self.search else _IGNORED
        elif after.shape is not None:
            self._open(after.shape)
        self.node = after
        self.text = None
        if attributes and after.slot and self.record is not None:
            currency = attributes.get("Ccy")
            if currency is not None:
                self.record.texts.setdefault(after.slot + "@", currency.strip())

    def _open(self, shape: Shape) -> None:
        self.found = True
        number = self.counts[shape.name] = self.counts.get(shape.name, 0) + 1
        for inner in shape.inner.values():
            self.counts.pop(inner.name, None)
        line = self.parser.CurrentLineNumber
        self.record = Record(shape.name, number, line, {}, {}, {}, self.record)

    def characters(self, text: str) -> None:
        if self.node.slot:
            self.text = text if self.text is None else self.text + text

    def end(self, _name: str) -> None:
        node = self.node
        record = self.record
        if record is not None:
            if self.text is not None and (text := self.text.strip()):
                if node.many:
                    record.parts.setdefault(node.slot, []).append(text)
                else:
                    record.texts.setdefault(node.slot, text)
            if node.shape is not None:
                self._close(node.shape, record)
        self.text = None
        self.node = self.stack.pop()

    def _close(self, shape: Shape, record: Record) -> None:
        self.record = record.parent
        made = shape.make(record)
        if made is not record:
            record.inner.clear()  # Breaks the circle child -> parent -> child: no work for the GC.
        if made is None:
            return
        if shape.yields or record.parent is None:
            self.done.append(made)
        else:
            record.parent.inner.setdefault(shape.name, []).append(made)


def records(
    stream: BinaryIO, message: str, shape: Shape, encoding: str | None = None
) -> Iterator[Any]:
    """Yield what `shape` makes of each message element named `message`, in constant memory.

    `encoding` overrides what the file declares (for banks whose declaration is wrong). Raises
    Invalid with a location: `empty_file`, `doctype_refused`, `file_cut`, `not_well_formed`,
    `not_text`, `wrong_message`. Nothing yielded counts until the iterator has ended by itself:
    a fault at the end of a file makes the whole file unusable.
    """
    parser = safe_parser(encoding)
    machine = _Machine(parser, message, shape)
    parser.StartElementHandler = machine.start
    parser.EndElementHandler = machine.end
    parser.CharacterDataHandler = machine.characters
    for _ in fed(stream, parser):
        if machine.done:
            yield from machine.done
            machine.done.clear()
    if not machine.found:
        raise no_such_message(message, parser)


def safe_parser(encoding: str | None) -> expat.XMLParserType:
    """An expat parser that refuses document types and encodings it would read wrongly.

    `encoding` overrides what the file declares; None believes the file. Feed it with `fed`.
    """
    parser = expat.ParserCreate(encoding)
    parser.buffer_text = True
    parser.buffer_size = CHUNK_BYTES
    parser.StartDoctypeDeclHandler = _refuse_doctype(parser)
    if encoding is None:
        parser.XmlDeclHandler = _check_encoding
    return parser


def fed(stream: BinaryIO, parser: expat.XMLParserType) -> Iterator[None]:
    """Feed a parser chunk by chunk, pausing after each; raises as `records` says."""
    size = 0
    while chunk := stream.read(CHUNK_BYTES):
        size += len(chunk)
        _feed(parser, chunk, False)
        yield
    if not size:
        again = "Fetch it again."
        raise Invalid("empty_file", "The file is empty.", _KEPT, again, location="line 1")
    _feed(parser, b"", True)
    yield


def no_such_message(message: str, parser: expat.XMLParserType) -> Invalid:
    """A well-formed file of another kind (`wrong_message`)."""
    return Invalid(
        "wrong_message",
        f"The file holds no {message} message.",
        _KEPT,
        "Check that this is the file you meant.",
        location=f"line {parser.CurrentLineNumber}",
    )


def check_plain(data: bytes) -> None:
    """Refuse a document type, and whatever is not well-formed, and raise as `records` does."""
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = _refuse_doctype(parser)
    parser.XmlDeclHandler = _check_encoding
    for at in range(0, len(data), CHUNK_BYTES):
        _feed(parser, data[at : at + CHUNK_BYTES], False)
    _feed(parser, b"", True)


def _refuse_doctype(parser: expat.XMLParserType) -> Callable[..., None]:
    def refuse(*_parts: Any) -> None:
        raise Invalid(
            "doctype_refused",
            "The file declares a document type, which bank messages never do and attacks often do.",
            _KEPT,
            "Ask the sender for the plain message; if you did not expect this file, report it.",
            location=f"line {parser.CurrentLineNumber}",
        )

    return refuse


def declared(profile: Profile) -> str | None:
    """The encoding a profile insists on, or None to believe the file's own declaration."""
    return profile.encoding or None


def _check_encoding(_version: str, encoding: str | None, _standalone: int) -> None:
    """Refuse an encoding that expat and Python cannot read one byte at a time."""
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
            _KEPT,
            "Name the true encoding in the bank's profile.",
            location="line 1",
        )


def _feed(parser: expat.XMLParserType, chunk: bytes, final: bool) -> None:
    try:
        parser.Parse(chunk, final)
    except expat.ExpatError as error:
        raise _broken(error, final) from None


def _broken(error: expat.ExpatError, final: bool) -> Invalid:
    where = Location(line=error.lineno, column=str(error.offset + 1))
    words = expat.ErrorString(error.code)
    if final and error.code in _CUT:
        return Invalid(
            "file_cut",
            "The file ends in the middle: its end is missing.",
            _KEPT,
            "Fetch it again; ask the bank for it if it stays cut.",
            location=str(where),
        )
    if error.code == _JUNK_AFTER_DOCUMENT:
        can_do = "If several messages were joined into one file, split it."
    elif error.code == _BAD_BYTES:
        can_do = "If letters with accents are involved, name the true encoding in the profile."
    else:
        can_do = "Ask the sender for a file that is well-formed XML."
    return Invalid(
        "not_well_formed",
        f"The file is not well-formed XML ({words}).",
        _KEPT,
        can_do,
        location=str(where),
    )


def message_of(head: bytes) -> str:
    """The message that a file beginning with `head` carries ("camt.053"), or "".

    Goes by namespace, then by the name of the message element, then by what a business application
    header announces (it can be longer than the head). Never by file name.
    """
    found: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        known = _ELEMENTS.get(name.rpartition(":")[2], "")
        for key, value in attributes.items():
            if key.startswith("xmlns"):
                known = known or _named(value)
        if known and not known.startswith("head."):
            found.append(known)

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    # Broken or cut: what came before the fault still tells what it is.
    with suppress(expat.ExpatError, LookupError, ValueError):
        parser.Parse(head, False)
    if found:
        return found[0]
    announced = _ENVELOPE.search(head)
    return announced.group(1).decode() if announced else ""


_ELEMENTS = {
    "CstmrCdtTrfInitn": "pain.001",
    "CstmrPmtStsRpt": "pain.002",
    "CstmrDrctDbtInitn": "pain.008",
    "BkToCstmrAcctRpt": "camt.052",
    "BkToCstmrStmt": "camt.053",
    "BkToCstmrDbtCdtNtfctn": "camt.054",
}


def _named(namespace: str) -> str:
    names = _MESSAGE_NAME.findall(namespace)
    return names[-1] if names else ""


def identifies(message: str) -> Callable[[bytes], int]:
    """An `identify` for one message: 100 when the head is surely this message, else 0."""
    return lambda head: 100 if message_of(head) == message else 0
