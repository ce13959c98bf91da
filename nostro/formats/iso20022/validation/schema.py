"""The official schemas of bank messages: whether a bank would accept the form of a message.

The schemas are those of the ISO 20022 Registration Authority, unmodified; see schemas/NOTICE.md.
A file is checked as it goes by: memory does not grow with it.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, cast
from xml.parsers import expat

import msgspec
from lxml import etree

from nostro.domain.errors import Invalid
from nostro.domain.problem import Location, Problem, error, warning
from nostro.formats.iso20022.validation.schema_places import Place, Window, places
from nostro.formats.iso20022.validation.schema_words import path_of, sentence_of
from nostro.formats.iso20022.xml.messages import CHUNK_BYTES, fed, safe_parser
from nostro.formats.iso20022.xml.safe_expat import TEXT_MAX, too_deep, too_long

PROBLEMS_MAX = 1000
_SPACE = "urn:iso:std:iso:20022:tech:xsd:"
_XSD = "http://www.w3.org/2001/XMLSchema"
_WHERE = re.compile(r"line (\d+)(?:, column (\d+))?")
_DEPTH_MAX = 100_000
_CHECKED = ("Document", "AppHdr")  # The header of a message is AppHdr (head.001).
_CORRECT = "Correct it; a bank would refuse the message."


class _Part(msgspec.Struct, frozen=True):
    """A message or a business application header in a file: its namespace and where it begins."""

    space: str
    line: int
    column: int

    def problem(self) -> Problem:
        shown = self.space.removeprefix(_SPACE)[:100]
        return error(
            "schema_unknown",
            f"We hold no official schema of {shown or 'a message without namespace'}.",
            f"We can check: {_known_words()}.",
            Location(line=self.line, column=str(self.column)),
        )


class _Watched:
    """A stream in which no text goes on for ever: a checker holds a text as long as it lasts."""

    def __init__(self, stream: BinaryIO, parser: expat.XMLParserType) -> None:
        self._stream = stream
        self._parser = parser
        self._read = 0
        self._silent = 0  # Bytes since the last tag.
        self._depth = 0  # Roughly: chunks may cut a tag, so the bound is far from real files.

    def read(self, size: int) -> bytes:
        waiting = self._read - self._parser.CurrentByteIndex  # In a tag or comment without end.
        if max(self._silent, waiting) > TEXT_MAX:
            raise too_long(self._parser.CurrentLineNumber)
        if self._depth > _DEPTH_MAX:
            raise too_deep(self._parser.CurrentLineNumber)
        chunk = self._stream.read(size)
        self._read += len(chunk)
        self._depth += chunk.count(b"<") - 2 * chunk.count(b"</") - chunk.count(b"/>")
        self._depth -= chunk.count(b"<!") + chunk.count(b"<?")
        self._silent = 0 if b"<" in chunk else self._silent + len(chunk)
        return chunk


class _Survey:
    """A first pass: is it safe and well-formed XML, and which messages does it hold?"""

    def __init__(self, stream: BinaryIO) -> None:
        self.root = ""
        self.parts: list[_Part] = []
        self._parser = parser = safe_parser(None, separator=" ")
        parser.StartElementHandler = self._start
        watched = _Watched(stream, parser)
        for _ in fed(cast(BinaryIO, watched), parser):
            pass

    def _start(self, name: str, _attributes: dict[str, str]) -> None:
        space, _, local = name.rpartition(" ")
        checked = local in _CHECKED
        if checked or not self.root:
            parser = self._parser
            part = _Part(space, parser.CurrentLineNumber, parser.CurrentColumnNumber + 1)
            self.parts.append(part)
        if not self.root:
            self.root = name
            if checked:
                self._parser.StartElementHandler = None  # No envelope: nothing else to look for.


class _Nobody:
    """Whom a parser tells nothing: it checks, and builds no tree."""

    def close(self) -> None:
        """The parser's last word."""


@cache
def schemas() -> tuple[str, ...]:
    """The message versions that we hold an official schema of, such as "pain.001.001.09"."""
    folder = files("nostro.formats.iso20022").joinpath("schemas")
    return tuple(sorted(f.name[:-4] for f in folder.iterdir() if f.name.endswith(".xsd")))


def _known_words() -> str:
    """What we can check, in one line: "camt.029.001.03 to .14, ..."."""
    kinds: dict[str, list[str]] = {}
    for name in schemas():
        kinds.setdefault(name[:-3], []).append(name[-3:])
    return ", ".join(f"{kind}{found[0]} to {found[-1]}" for kind, found in kinds.items())


def _path(name: str) -> Path:
    return Path(str(files("nostro.formats.iso20022").joinpath("schemas", f"{name}.xsd")))


@cache
def _schema(name: str) -> etree.XMLSchema:
    return etree.XMLSchema(etree.fromstring(_path(name).read_bytes()))


@lru_cache(maxsize=16)
def _envelope(root: str, names: tuple[str, ...]) -> etree.XMLSchema:
    """A schema of any envelope of that name: what we know in it is checked, the rest is not."""
    space, _, local = root.rpartition(" ")
    schema = etree.Element(f"{{{_XSD}}}schema", nsmap={"xs": _XSD})
    if space:
        schema.set("targetNamespace", space)
    for name in names:
        source = _path(name).as_uri()
        if _SPACE + name == space:
            etree.SubElement(schema, f"{{{_XSD}}}include", schemaLocation=source)
        else:
            told = {"namespace": _SPACE + name, "schemaLocation": source}
            etree.SubElement(schema, f"{{{_XSD}}}import", told)
    element = etree.SubElement(schema, f"{{{_XSD}}}element", name=local)
    kind = etree.SubElement(element, f"{{{_XSD}}}complexType", mixed="true")
    inside = etree.SubElement(kind, f"{{{_XSD}}}sequence")
    often = {"processContents": "lax", "minOccurs": "0", "maxOccurs": "unbounded"}
    etree.SubElement(inside, f"{{{_XSD}}}any", often)
    etree.SubElement(kind, f"{{{_XSD}}}anyAttribute", processContents="skip")
    return etree.XMLSchema(schema)


def problems(source: BinaryIO | bytes) -> list[Problem]:
    """Everything in which a file breaks the official schemas of its own versions, in file order.

    Bare messages, and messages and business application headers (head.001) inside any envelope.
    `source` is read up to three times; a stream that cannot go back is kept in memory. Problems
    have a line, a column and the path of the element. Codes: `schema_violation`, `schema_unknown`
    (a version, or a message, without a schema here), what `iso20022.records` refuses
    (`doctype_refused`, `file_cut`, ...), and after PROBLEMS_MAX problems `more_problems`.
    """
    stream = BytesIO(source) if isinstance(source, bytes) else source
    if not stream.seekable():
        stream = BytesIO(stream.read())
    begin = stream.tell()
    try:
        survey = _Survey(stream)
    except Invalid as refusal:
        return [_refused(refusal)]
    schema, found = _schema_of(survey)
    if schema is not None:
        stream.seek(begin)
        windows, fault = _windows(stream, schema)
        if windows:
            stream.seek(begin)
            found += [_problem(place) for place in places(stream, _checker(schema), windows)]
        found += [fault] if fault else []
    found.sort(key=lambda problem: (problem.location.line, int(problem.location.column or 0)))
    return _capped(found)


def _schema_of(survey: _Survey) -> tuple[etree.XMLSchema | None, list[Problem]]:
    """The schema to hold a whole file against, and what we cannot check in it."""
    names = {_SPACE + name: name for name in schemas()}
    root, *parts = survey.parts
    if survey.root.rpartition(" ")[2] in _CHECKED:
        known = names.get(root.space)
        return (_schema(known), []) if known else (None, [root.problem()])
    known_parts = tuple(sorted({names[p.space] for p in parts if p.space in names}))
    unknown = {p.space: p for p in reversed(parts) if p.space not in names}
    if not parts:
        unknown = {root.space: root}
    schema = _envelope(survey.root, known_parts) if known_parts else None
    return schema, [part.problem() for part in unknown.values()]


def _checker(schema: etree.XMLSchema) -> etree.XMLParser:
    return etree.XMLParser(
        target=_Nobody(),  # type: ignore[arg-type] # Methods that the stubs ask for would be called.
        schema=schema,
        resolve_entities=False,
        no_network=True,
    )


def _windows(stream: BinaryIO, schema: etree.XMLSchema) -> tuple[list[Window], Problem | None]:
    """A fast pass: the stretches of bytes in which something breaks the schema."""
    checker = _checker(schema)
    found: list[Window] = []
    seen = at = 0
    try:
        while chunk := stream.read(CHUNK_BYTES):
            checker.feed(chunk)
            now = len(checker.feed_error_log)
            if now > seen:
                found.append(Window(at, at + len(chunk), now - seen))
            if now >= PROBLEMS_MAX:
                break
            seen, at = now, at + len(chunk)
    except etree.XMLSyntaxError as broken:  # What expat lets pass.
        return found, _malformed(broken)
    return found, None


def _malformed(broken: etree.XMLSyntaxError) -> Problem:
    if "limit exceeded" in str(broken.msg):
        return _refused(too_long(broken.lineno or 0))
    return error(
        "not_well_formed",
        f"The file is not well-formed XML ({broken.msg}).",
        "Ask the sender for well-formed XML; messages joined end to end: check them one by one.",
        Location(line=broken.lineno or 0),
    )


def _problem(place: Place) -> Problem:
    path = path_of(place.message, place.path)
    finding = sentence_of(place.message, path)
    where = Location(line=place.line, column=str(place.column), path=path)
    return error("schema_violation", finding.sentence, finding.can_do or _CORRECT, where)


def _refused(refusal: Invalid) -> Problem:
    found = _WHERE.match(refusal.location)
    line, column = found.groups("") if found else ("0", "")
    where = Location(line=int(line), column=column)
    return error(refusal.code, refusal.happened, refusal.can_do, where)


def _capped(found: list[Problem]) -> list[Problem]:
    if len(found) < PROBLEMS_MAX:
        return found
    last = found[PROBLEMS_MAX - 1].location
    happened = f"There may be more problems than these {PROBLEMS_MAX:,}."
    told = warning("more_problems", happened, "Correct these, then check again.", last)
    return [*found[:PROBLEMS_MAX], told]


def validate(data: bytes) -> None:
    """Check a message against the official schema of its own version (ISO 20022 XSD).

    Raises Invalid with the first of its `problems`.
    """
    for problem in problems(data):
        where = str(problem.location)
        breach = "The message breaks the schema. " if problem.code == "schema_violation" else ""
        happened = f"{breach}{problem.sentence}"
        raise Invalid(problem.code, happened, can_do=problem.can_do, location=where)
