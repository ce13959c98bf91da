"""Remittance advice from American payers: X12 820, alone or among other transaction sets.

ASC X12 820 Payment Order/Remittance Advice, versions 004010 and 005010, in its interchange (ISA,
IEA) and functional group (GS, GE); or bare, from ST to SE. Control numbers and counts of all three
levels are checked. Other transaction sets are named and left unread.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from itertools import chain
from typing import BinaryIO

from nostro.domain.errors import Invalid
from nostro.domain.problem import Problem, error, warning
from nostro.domain.remittance import RemittanceAdvice, RemittanceEnvelope
from nostro.formats import Format, Profile
from nostro.formats.american.x12_820_writer import Options, write
from nostro.formats.american.x12_advice import Advice
from nostro.formats.american.x12_tokens import (
    UNKNOWN,
    Segment,
    Tokens,
    delimiters_without_header,
    pieces,
)

_KEPT = "The original is kept; nothing was booked from it."
_ASK = "Ask the sender for the file again."
_SET = "820"
_HEAD = re.compile(rb"(?:\xef\xbb\xbf)?\s*ISA([^\w\s])[^\x00-\x1f]{2}\1")
_BARE = re.compile(rb"(?:\xef\xbb\xbf)?\s*ST([^\w\s])820\1")
_INSIDE = re.compile(rb"ST([^\w\s])820[^\w]|GS([^\w\s])RA\2")
_SURE, _PERHAPS = 95, 40


def identify(head: bytes) -> int:
    """An interchange with an 820 in sight is certain; one without may hold an 820 further on."""
    if _BARE.match(head):
        return _SURE
    if not _HEAD.match(head):
        return 0
    return _SURE if _INSIDE.search(head) else _PERHAPS


class Interchange:
    """The state of reading: which interchange, group and transaction set a segment is in."""

    def __init__(self) -> None:
        self.header: Segment | None = None
        self.group: Segment | None = None
        self.begun: Segment | None = None
        self.body: list[Segment] = []
        self.groups = self.sets = 0
        self.read = self.cut = 0
        self.skipped: list[str] = []

    def take(self, segment: Segment) -> Iterator[object]:
        doing = {
            "ISA": self._isa, "GS": self._gs, "ST": self._st,
            "SE": self._se, "GE": self._ge, "IEA": self._iea,
        }.get(segment.name)  # fmt: skip
        if doing is not None:
            yield from doing(segment)
        elif self.begun is not None:
            if self.begun.get(1) == _SET:
                self.body.append(segment)
        else:
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
        if segment.get(1) != _SET:
            name = segment.get(1)[:10]
            self.skipped.append(name)
            happened = f"A transaction set {name} is not an 820; it was not read."
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
        path = f"remittance {self.read + 1}"
        if begun.get(1) != _SET:
            return
        if segment is None:
            self.cut += 1
            happened = "A transaction set has no end, segment SE: it is cut, and was left out."
            raw = "\n".join(one.text() for one in [begun, *body])
            yield error("transaction_set_cut", happened, _ASK, begun.location(path), raw)
            return
        self.read += 1
        advice = Advice(path)
        found = advice.of(body, self._envelope(), begun.get(2))
        yield from advice.problems
        yield found
        yield from self._check(segment, "transaction set", "segments", len(body) + 2, begun.get(2))

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
        """The end of the file. Raises Invalid (`x12_cut`, `no_remittance_advice`)."""
        if self.header is not None or self.group is not None or self.begun is not None:
            happened = "The file ends in the middle of an interchange: it is cut."
            raise Invalid("x12_cut", happened, _KEPT, "Fetch it again.", location=place)
        if not self.read and not self.cut:
            held = ", ".join(sorted(set(self.skipped))) or "no transaction set at all"
            happened = f"The file holds no 820 but {held}."
            can_do = "Check that this is the file you meant."
            raise Invalid("no_remittance_advice", happened, _KEPT, can_do, location=place)

    def _envelope(self) -> RemittanceEnvelope | None:
        header, group = self.header, self.group
        if header is None:
            return None
        made = f"{header.get(9)}{header.get(10)}"
        codes = [(f"ISA{n:02}", header.get(n)) for n in (1, 2, 3, 4, 11, 12, 14)]
        created = _moment(made)
        if created is None:
            codes.append(("ISA09", header.get(9)))
            codes.append(("ISA10", header.get(10)))
        if group is not None:
            codes.extend((f"GS{n:02}", group.get(n)) for n in (1, 4, 5, 7))
        return RemittanceEnvelope(
            sender=header.get(6).rstrip(),
            receiver=header.get(8).rstrip(),
            sender_kind=header.get(5),
            receiver_kind=header.get(7),
            group_sender=group.get(2) if group else "",
            group_receiver=group.get(3) if group else "",
            created_at=created,
            interchange_number=header.get(13),
            group_number=group.get(6) if group else "",
            version=group.get(8) if group else "",
            test=header.get(15) == "T",
            codes=tuple((name, text) for name, text in codes if text.strip()),
        )


def _moment(text: str) -> datetime | None:
    """ISA09 and ISA10: YYMMDDHHMM."""
    if len(text) != 10 or not (text.isascii() and text.isdigit()):
        return None
    try:
        return datetime.fromisoformat(f"20{text[:6]}T{text[6:]}")
    except ValueError:
        return None


def read(stream: BinaryIO, profile: Profile) -> Iterator[object]:
    """Yield one RemittanceAdvice a transaction set 820, in the order of the file.

    Memory is that of one transaction set. Raises Invalid with a location for whatever `Tokens`
    refuses, and `x12_cut`, `no_remittance_advice`. Book nothing before the iterator has ended.
    """
    told = pieces(stream, profile)
    first = next(told, "")
    bare = _BARE.match(first.encode("latin-1"))
    tokens = Tokens(chain([first], told), delimiters_without_header(first) if bare else UNKNOWN)
    interchange = Interchange()
    for segment in tokens:
        yield from tokens.take_problems()
        yield from interchange.take(segment)
    interchange.end(str(tokens.place()))


FORMAT = Format(
    name="x12_820",
    media_type="application/edi-x12",
    standard="ASC X12 820 Payment Order/Remittance Advice",
    section="Transaction set 820, control structures X12.5 and X12.6",
    versions=("004010", "005010"),
    identify=identify,
    options=Options,
    read=read,
    write=write,
    documents=(RemittanceAdvice,),
)
