"""The levels of an X12 file: interchanges, groups, transaction sets; counts and numbers checked.

ASC X12.5 (ISA, IEA) and X12.6 (GS, GE, ST, SE). What a transaction set says is its own reader's.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO

from nostro.domain.errors import Invalid
from nostro.domain.problem import Problem, error, warning
from nostro.formats import Profile
from nostro.formats.american.x12_tokens import (
    UNKNOWN,
    Segment,
    Tokens,
    delimiters_without_header,
    pieces,
)

KEPT = "The original is kept; nothing was booked from it."
_ASK = "Ask the sender for the file again."
HEAD = re.compile(rb"(?:\xef\xbb\xbf)?\s*ISA([^\w\s])[^\x00-\x1f]{2}\1")
_ADVICE = re.compile(rb"ST([^\w\s])820[^\w]|GS([^\w\s])RA\2")
_ACKNOWLEDGEMENT = re.compile(
    rb"ST([^\w\s])99[79][^\w]|GS([^\w\s])FA\2|[^\w]TA1([^\w\s])[0-9]{9}\3"
)


def shows_advice(head: bytes) -> bool:
    """Is an 820 in sight?"""
    return _ADVICE.search(head) is not None


def shows_acknowledgement(head: bytes) -> bool:
    """Is a 997, a 999 or a TA1 in sight?"""
    return _ACKNOWLEDGEMENT.search(head) is not None


class Interchange(ABC):
    """The state of reading: which interchange, group and transaction set a segment is in.

    `wanted` are the transaction sets that are read, the others are named and skipped.
    """

    wanted: frozenset[str]

    def __init__(self) -> None:
        self.header: Segment | None = None
        self.group: Segment | None = None
        self.begun: Segment | None = None
        self.body: list[Segment] = []
        self.groups = self.sets = 0
        self.read = self.cut = 0
        self.skipped: list[str] = []

    def records(
        self, stream: BinaryIO, profile: Profile, bare: re.Pattern[bytes]
    ) -> Iterator[object]:
        """What a whole file says; `bare` finds a transaction set that stands without ISA and GS."""
        told = pieces(stream, profile)
        first = next(told, "")
        is_bare = bare.match(first.encode("latin-1"))
        known = delimiters_without_header(first) if is_bare else UNKNOWN
        tokens = Tokens(chain([first], told), known)
        for segment in tokens:
            yield from tokens.take_problems()
            yield from self.take(segment)
        self.end(str(tokens.place()))

    def take(self, segment: Segment) -> Iterator[object]:
        doing = {
            "ISA": self._isa, "GS": self._gs, "ST": self._st,
            "SE": self._se, "GE": self._ge, "IEA": self._iea,
        }.get(segment.name)  # fmt: skip
        if doing is not None:
            yield from doing(segment)
        elif self.begun is not None:
            if self.begun.get(1) in self.wanted:
                self.body.append(segment)
        else:
            yield from self.outside(segment)

    @abstractmethod
    def document(self, begun: Segment, body: list[Segment], path: str) -> Iterator[object]:
        """What one whole transaction set says, from after ST to before SE."""

    @abstractmethod
    def nothing_found(self, held: str, place: str) -> Invalid:
        """The refusal of a file without any transaction set that is wanted."""

    def outside(self, segment: Segment) -> Iterator[object]:
        """A segment between the transaction sets."""
        happened = f"A segment {segment.name[:10]} stands outside of any transaction set."
        can_do = "Nothing, if the sender did not mean it for you."
        where = segment.location()
        yield warning("segment_out_of_place", happened, can_do, where, segment.text())

    def _isa(self, segment: Segment) -> Iterator[object]:
        if self.header is not None:
            yield from self._iea(None)
        self.header, self.groups = segment, 0

    def _gs(self, segment: Segment) -> Iterator[object]:
        if self.group is not None:
            yield from self._ge(None)
        self.group, self.sets = segment, 0

    def _st(self, segment: Segment) -> Iterator[object]:
        if self.begun is not None:
            yield from self._se(None)
        self.begun = segment
        self.body = []
        if segment.get(1) not in self.wanted:
            name = segment.get(1)[:10]
            self.skipped.append(name)
            wanted = " or ".join(sorted(self.wanted))
            happened = f"A transaction set {name} is no {wanted}; it was not read."
            can_do = "Read it with the program it is meant for."
            yield warning("transaction_set_not_read", happened, can_do, segment.location())

    def _se(self, segment: Segment | None) -> Iterator[object]:
        begun, body = self.begun, self.body
        self.begun, self.body = None, []
        if begun is None:
            if segment is not None:
                yield self._unopened(segment)
            return
        self.sets += 1
        path = self.path()
        if begun.get(1) not in self.wanted:
            return
        if segment is None:
            self.cut += 1
            happened = "A transaction set has no end, segment SE: it is cut, and was left out."
            raw = "\n".join(one.text() for one in [begun, *body])
            yield error("transaction_set_cut", happened, _ASK, begun.location(path), raw)
            return
        self.read += 1
        yield from self.document(begun, body, path)
        yield from self._check(segment, "transaction set", "segments", len(body) + 2, begun.get(2))

    def path(self) -> str:
        """How people name the next transaction set."""
        return f"transaction set {self.read + 1}"

    def _ge(self, segment: Segment | None) -> Iterator[object]:
        if self.begun is not None:
            yield from self._se(None)
        group, self.group = self.group, None
        if segment is None and group is not None:
            yield self._unclosed(group, "functional group", "GE")
        elif segment is not None and group is None:
            yield self._unopened(segment)
        elif segment is not None and group is not None:
            number = group.get(6)
            yield from self._check(segment, "group", "sets", self.sets, number)
        self.groups += group is not None

    def _iea(self, segment: Segment | None) -> Iterator[object]:
        if self.begun is not None or self.group is not None:
            yield from self._ge(None)
        header, self.header = self.header, None
        if segment is None and header is not None:
            yield self._unclosed(header, "interchange", "IEA")
        elif segment is not None and header is None:
            yield self._unopened(segment)
        elif segment is not None and header is not None:
            yield from self._check(segment, "interchange", "groups", self.groups, header.get(13))

    def _check(
        self, segment: Segment, level: str, members: str, found: int, number: str
    ) -> Iterator[Problem]:
        where = segment.location()
        stated = segment.get(1).strip()
        if not (stated.isascii() and stated.isdigit() and int(stated[:18]) == found):
            happened = f"The {level} says it holds {stated[:20]!r} {members}; there are {found}."
            yield error("segment_count_mismatch", happened, _ASK, where, segment.text())
        if segment.get(2).strip() != number.strip():
            happened = (
                f"The {level} ends with the control number {segment.get(2)[:20]!r}"
                f" and began with {number[:20]!r}."
            )
            yield error("control_number_mismatch", happened, _ASK, where, segment.text())

    def _unopened(self, segment: Segment) -> Problem:
        happened = f"A segment {segment.name} ends something that did not begin."
        return error("trailer_unopened", happened, _ASK, segment.location(), segment.text())

    def _unclosed(self, segment: Segment, level: str, end: str) -> Problem:
        happened = f"The {level} has no end, segment {end}."
        return error("trailer_missing", happened, _ASK, segment.location(), segment.text())

    def end(self, place: str) -> None:
        """The end of the file. Raises Invalid (`x12_cut`, or `nothing_found`)."""
        if self.header is not None or self.group is not None or self.begun is not None:
            happened = "The file ends in the middle of an interchange: it is cut."
            raise Invalid("x12_cut", happened, KEPT, "Fetch it again.", location=place)
        if not self.read and not self.cut:
            held = ", ".join(sorted(set(self.skipped))) or "no transaction set at all"
            raise self.nothing_found(held, place)
