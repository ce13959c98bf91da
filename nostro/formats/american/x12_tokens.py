"""The segments of X12 text, cut at the delimiters that its own header sets; nothing is understood.

ASC X12.5 (interchange control structures) and X12.6 (application control structure): the fourth
character of ISA separates elements, its sixteenth element is the component separator, and the
character after that ends segments. Line ends and blanks between segments mean nothing.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO, NamedTuple

from nostro.domain.errors import Invalid
from nostro.domain.problem import Location, Problem, warning
from nostro.formats import Profile

CHUNK_BYTES = 1 << 16
SEGMENT_BYTES_MAX = 1 << 16
_KEPT = "The original is kept; nothing was booked from it."
_HEADER = "ISA"
_HEADER_LENGTH = 106
_HEADER_ELEMENTS = 16
_BLANK = re.compile(r"\s*")
# What ends segments where no header says it: before a segment that an 820 may hold, else at the
# very end of the text. The banking convention for CTX addenda is the backslash.
_NEXT_SEGMENT = (
    r"([^\w\s])\s*(?:ST|BPR|NTE|TRN|CUR|REF|DTM|N[1-4]|PER|RDM|ENT|NM1|RMR|ADX|IT1|SE|GS|GE|IEA){}"
)
_USUAL_END = "\\"


class Delimiters(NamedTuple):
    element: str
    component: str
    segment: str
    repetition: str = ""


UNKNOWN = Delimiters("", "", "")


class Segment(NamedTuple):
    """`elements[0]` is element 01; `number` counts from 1 in the text."""

    name: str
    elements: tuple[str, ...]
    number: int
    line: int
    offset: int

    def get(self, place: int) -> str:
        """An element by its number in the standard (01 is the first); "" if it is not there."""
        return self.elements[place - 1] if place <= len(self.elements) else ""

    def text(self, name: bool = True) -> str:
        """The segment as people write it, elements separated by asterisks."""
        return "*".join((self.name, *self.elements) if name else self.elements)

    def location(self, path: str = "") -> Location:
        where = f"{path}, segment {self.number} {self.name}" if path else self._path()
        return Location(line=self.line, path=where, offset=self.offset)

    def _path(self) -> str:
        return f"segment {self.number} {self.name}"


class Tokens:
    """Iterates over the segments of pieces of text (one character a byte, as `pieces` makes them).

    Without `delimiters` the text must begin with ISA; each further ISA sets them anew. Raises
    Invalid with a location: `empty_file`, `x12_not_found`, `x12_delimiters_wrong`,
    `x12_header_cut`, `x12_segment_too_long`, `not_text`.
    """

    def __init__(self, pieces: Iterable[str], delimiters: Delimiters = UNKNOWN) -> None:
        self.pieces = pieces
        self.delimiters = delimiters
        self.problems: list[Problem] = []
        self.rest = ""
        self.line = 1
        self.offset = 0
        self.number = 0

    def take_problems(self) -> list[Problem]:
        """What was noticed since the last call."""
        found, self.problems = self.problems, []
        return found

    def __iter__(self) -> Iterator[Segment]:
        for piece in self.pieces:
            if "\0" in piece:
                raise self.refuse(
                    "not_text",
                    "The file holds NUL bytes: it is not text, or it was damaged on its way.",
                    "Fetch it again in binary mode.",
                )
            self.rest += piece
            yield from self._whole_segments()
            if len(self.rest) > SEGMENT_BYTES_MAX:
                raise self.refuse(
                    "x12_segment_too_long",
                    f"A segment is longer than {SEGMENT_BYTES_MAX:,} bytes.",
                    "Check that the header sets the delimiters that the file uses.",
                )
        if not self.offset and not self.rest.strip():
            raise self.refuse("empty_file", "The file is empty.", "Fetch it again.")
        if self.rest.strip():
            yield from self._last()

    def _last(self) -> Iterator[Segment]:
        """The last segment, whose end mark is missing."""
        self._skip(0, len(self.rest) - len(self.rest.lstrip()))
        self._see_header(last=True)
        yield self._segment(self.rest.rstrip())

    def _whole_segments(self) -> Iterator[Segment]:
        start, rest = 0, self.rest
        while True:
            blank = _BLANK.match(rest, start)
            begin = blank.end() if blank else start
            if rest.startswith(_HEADER, begin) or self.delimiters is UNKNOWN:
                self._skip(start, begin)
                start, begin, rest = 0, 0, self.rest
                if not self._see_header(last=False):
                    return
            end = rest.find(self.delimiters.segment, begin)
            if end < 0:
                break
            self.line += rest.count("\n", start, begin)
            self.offset += begin - start
            yield self._segment(rest[begin:end])
            self.line += rest.count("\n", begin, end + 1)
            self.offset += end + 1 - begin
            start = end + 1
        self.rest = rest[start:]

    def _skip(self, start: int, end: int) -> None:
        """Drop what is before `end`; up to `start` it was counted already."""
        self.line += self.rest.count("\n", start, end)
        self.offset += end - start
        self.rest = self.rest[end:]

    def _see_header(self, *, last: bool) -> bool:
        """Take the delimiters of the ISA that the rest begins with; False: wait for more of it."""
        if not self.rest.startswith(_HEADER):
            if self.delimiters is UNKNOWN and (last or len(self.rest) >= len(_HEADER)):
                raise self.refuse(
                    "x12_not_found",
                    "The file is no X12 interchange: it does not begin with ISA.",
                    "Check that this is the file you meant.",
                )
            return self.delimiters is not UNKNOWN
        if len(self.rest) < _HEADER_LENGTH + 2 and not last:
            return False
        found = _delimiters_of(self.rest)
        if found is None:
            raise self.refuse(
                "x12_header_cut",
                "The header ISA does not have its sixteen elements.",
                "Ask the sender for the file again.",
            )
        self._check(found)
        return True

    def _check(self, found: Delimiters) -> None:
        marks = {found.element, found.component, found.segment}
        words = any(mark.isalnum() or mark == " " for mark in marks)
        if len(marks) < 3 or words or found.element.isspace() or found.component.isspace():
            raise self.refuse(
                "x12_delimiters_wrong",
                f"The header ISA sets delimiters that cannot work: {found[:3]!r}.",
                "Ask the sender for the file again.",
            )
        self.delimiters = found
        if self.rest.find(found.segment) != _HEADER_LENGTH - 1:
            self.problems.append(
                warning(
                    "x12_header_not_padded",
                    f"The header ISA is not {_HEADER_LENGTH} characters long, as it must be.",
                    "Nothing, if the parties are right; tell the sender.",
                    self.place(),
                )
            )

    def place(self) -> Location:
        return Location(line=self.line, path=f"segment {self.number + 1}", offset=self.offset)

    def _segment(self, text: str) -> Segment:
        self.number += 1
        if not text.isascii():
            text = _recoded(text)
        name, *elements = text.split(self.delimiters.element)
        while elements and not elements[-1].strip():
            elements.pop()
        return Segment(name.strip(), tuple(elements), self.number, self.line, self.offset)

    def refuse(self, code: str, happened: str, can_do: str) -> Invalid:
        return Invalid(code, happened, _KEPT, can_do, location=str(self.place()))


def _delimiters_of(header: str) -> Delimiters | None:
    """The delimiters of a text that begins with ISA, also if its elements are not padded."""
    element = header[3:4]
    parts = header[: 4 * _HEADER_LENGTH].split(element, _HEADER_ELEMENTS) if element else []
    if len(parts) <= _HEADER_ELEMENTS or len(parts[-1]) < 2:
        return None
    repetition = parts[11]
    # Before version 00402 this element names a standard ("U"), not a delimiter.
    own = repetition if len(repetition) == 1 and not repetition.isalnum() else ""
    return Delimiters(element, parts[-1][0], parts[-1][1], own)


def delimiters_without_header(text: str) -> Delimiters:
    """What a text without ISA uses, such as remittance in CTX addenda: seen, else as is usual."""
    text = text.strip()
    tag = re.match(r"[A-Z][A-Z0-9]{1,2}([^\w\s])", text)
    element = tag.group(1) if tag else "*"
    escaped = re.escape(element)
    found = re.search(_NEXT_SEGMENT.replace("{}", escaped), text)
    end = found.group(1) if found else ""
    if not end or end == element:
        line_ends = re.search(rf"\n\s*[A-Z][A-Z0-9]{{1,2}}{escaped}", text)
        last = text[-1:]
        usual = _USUAL_END if not last or last.isalnum() or last == element else last
        end = "\n" if line_ends else usual
    return Delimiters(element, ":" if end == ">" else ">", end)


def pieces(stream: BinaryIO, profile: Profile) -> Iterator[str]:
    """A stream as text of one character a byte; a profile's encoding is turned into UTF-8 first."""
    decoder = None
    if profile.encoding:
        try:
            decoder = codecs.getincrementaldecoder(profile.encoding)("replace")
        except LookupError:
            raise Invalid(
                "not_text",
                f"There is no encoding {profile.encoding[:40]!r}.",
                _KEPT,
                "Name the true encoding in the profile.",
                location="line 1",
            ) from None
    first = True
    while data := stream.read(CHUNK_BYTES):
        if first and not decoder:
            while len(data) < len(codecs.BOM_UTF8) and (more := stream.read(CHUNK_BYTES)):
                data += more
            data = data.removeprefix(codecs.BOM_UTF8)
        first = False
        text = decoder.decode(data).encode("utf-8", "replace") if decoder else data
        yield text.decode("latin-1")


def piece_of(text: str) -> str:
    """A text as `Tokens` takes it."""
    return text.encode("utf-8", "replace").decode("latin-1")


def _recoded(text: str) -> str:
    data = text.encode("latin-1")
    for encoding in ("utf-8", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return text
