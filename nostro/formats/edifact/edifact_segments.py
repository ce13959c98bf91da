"""The segments of UN/EDIFACT text, cut at the characters that its UNA sets; nothing is understood.

ISO 9735-1, syntax versions 1 to 4: UNA names the separators of components and elements, the decimal
mark, the release character and the end of segments; without it they are those of level A.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from nostro.domain.errors import Invalid
from nostro.domain.problem import Location
from nostro.formats import Profile

KEPT = "The original is kept; nothing was booked from it."
SEGMENT_CHARACTERS_MAX = 1 << 16
_CHUNK_BYTES = 1 << 16
_USUAL = ":+.? '"
_ADVICE = "UNA"
_ADVICE_LENGTH = 9
_BEGINS = re.compile(r"\s*(UNA|UNB)")


class EdifactSegment(NamedTuple):
    """`elements[0]` is the first one after the name; each is its components."""

    name: str
    elements: tuple[tuple[str, ...], ...]
    number: int
    line: int
    raw: str

    def get(self, place: int, component: int = 1) -> str:
        """An element by its place in the standard (1 is the first); "" if it is not there."""
        if place > len(self.elements) or component > len(self.elements[place - 1]):
            return ""
        return self.elements[place - 1][component - 1]

    def location(self) -> Location:
        return Location(line=self.line, path=f"segment {self.number} {self.name}")


class EdifactSegments:
    """Iterates over the segments of a stream, in the memory of one segment.

    Raises Invalid with a location: `empty_file`, `edifact_not_found`, `edifact_cut`,
    `edifact_delimiters_wrong`, `edifact_segment_too_long`, `not_text`.
    """

    def __init__(self, stream: BinaryIO, profile: Profile) -> None:
        self.stream = stream
        self.encoding = profile.encoding or "latin-1"
        self.decoder: codecs.IncrementalDecoder | None = None
        self.marks = _USUAL
        self.rest = ""
        self.number = 0
        self.line = 1

    def __iter__(self) -> Iterator[EdifactSegment]:
        self._begin()
        end = _ending(self.marks)
        while True:
            found = end.match(self.rest)
            if found is not None and found.end() <= SEGMENT_CHARACTERS_MAX:
                self.rest = self.rest[found.end() :]
                yield self._segment(found[0])
                continue
            if len(self.rest) > SEGMENT_CHARACTERS_MAX:
                raise self.refuse(
                    "edifact_segment_too_long",
                    f"A segment is longer than {SEGMENT_CHARACTERS_MAX:,} characters.",
                    "Check that UNA sets the characters that the file uses.",
                )
            if not self._more():
                break
        if self.rest.strip():
            raise self.refuse(
                "edifact_cut",
                "The file ends in the middle of a segment: it is cut.",
                "Fetch it again.",
            )

    def place(self) -> Location:
        return Location(line=self.line, path=f"segment {self.number + 1}")

    def refuse(self, code: str, happened: str, can_do: str) -> Invalid:
        return Invalid(code, happened, KEPT, can_do, location=str(self.place()))

    def _more(self) -> bool:
        data = self.stream.read(_CHUNK_BYTES)
        try:
            if self.decoder is None:
                self.decoder = codecs.getincrementaldecoder(self.encoding)("replace")
            text = self.decoder.decode(data, not data)
        except LookupError:
            text = "\0"
        if "\0" in text:
            raise self.refuse(
                "not_text",
                f"The file is not text in the encoding {self.encoding[:40]}.",
                "Fetch it again in binary mode, or name the true encoding in the profile.",
            )
        self.rest += text
        return bool(data)

    def _begin(self) -> None:
        """Up to the first segment: the byte order mark, blanks, UNA."""
        while len(self.rest.lstrip("\ufeff\u00ef\u00bb\u00bf \r\n\t")) < 2 * _ADVICE_LENGTH:
            if not self._more():
                break
        bare = self.rest.lstrip("\ufeff\u00ef\u00bb\u00bf")
        if not bare.strip():
            raise self.refuse("empty_file", "The file is empty.", "Fetch it again.")
        found = _BEGINS.match(bare)
        if found is None:
            raise self.refuse(
                "edifact_not_found",
                "The file is no EDIFACT interchange: it begins with neither UNA nor UNB.",
                "Check that this is the file you meant.",
            )
        self.rest = bare
        if found[1] == _ADVICE:
            told = bare[found.start(1) :][:_ADVICE_LENGTH]
            self.marks = told[3:].ljust(len(_USUAL))
            self.line += bare.count("\n", 0, found.start(1) + _ADVICE_LENGTH)
            self.rest = bare[found.start(1) + _ADVICE_LENGTH :]
        component, element, release, end = _marks(self.marks)
        words = any(map(_is_word, (component, element, end)))
        if len({component, element, end}) < 3 or words or release.isalnum():
            raise self.refuse(
                "edifact_delimiters_wrong",
                f"UNA sets characters that cannot work: {self.marks!r}.",
                "Ask the sender for the file again.",
            )

    def _segment(self, raw: str) -> EdifactSegment:
        blank = len(raw) - len(raw.lstrip())
        self.line += raw.count("\n", 0, blank)
        self.number += 1
        line = self.line
        self.line += raw.count("\n", blank)
        text = raw[blank:-1]
        component, element, release, _ = _marks(self.marks)
        name, *elements = _split(text, element, release)
        told = tuple(
            tuple(_released(part, release) for part in _split(one, component, release))
            for one in elements
        )
        return EdifactSegment(name.strip(), told, self.number, line, text)


def _marks(marks: str) -> tuple[str, str, str, str]:
    """What separates components and elements, what releases, and what ends segments."""
    return marks[0], marks[1], marks[3], marks[5]


def _is_word(mark: str) -> bool:
    return mark.isalnum() or mark.isspace()


def _ending(marks: str) -> re.Pattern[str]:
    """A whole segment: anything up to the mark that ends it and is not released."""
    release, end = re.escape(marks[3]), re.escape(marks[5])
    if marks[3] == " ":
        return re.compile(rf"[^{end}]*+{end}", re.DOTALL)
    return re.compile(rf"(?:[^{release}{end}]|{release}.)*+{end}", re.DOTALL)


def _split(text: str, mark: str, release: str) -> list[str]:
    """A text at a mark that is not released; what is released stays so."""
    if release == " " or release not in text:
        return text.split(mark)
    found, at, begin = [], 0, 0
    while at < len(text):
        if text[at] == release:
            at += 1
        elif text[at] == mark:
            found.append(text[begin:at])
            begin = at + 1
        at += 1
    return [*found, text[begin:]]


def _released(text: str, release: str) -> str:
    if release == " " or release not in text:
        return text
    return re.sub(rf"{re.escape(release)}(.)", r"\1", text, flags=re.DOTALL)
