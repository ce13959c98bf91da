"""Remittance advice from American payers: X12 820, alone or among other transaction sets.

ASC X12 820 Payment Order/Remittance Advice, versions 004010 and 005010, in its interchange (ISA,
IEA) and functional group (GS, GE); or bare, from ST to SE. Control numbers and counts of all three
levels are checked. Other transaction sets are named and left unread.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import BinaryIO

from nostro.domain.errors import Invalid
from nostro.domain.remittance import RemittanceAdvice, RemittanceEnvelope
from nostro.formats import Format, Profile
from nostro.formats.american.x12_820_writer import Options, write
from nostro.formats.american.x12_advice import Advice
from nostro.formats.american.x12_interchange import (
    HEAD,
    KEPT,
    Interchange,
    shows_acknowledgement,
    shows_advice,
)
from nostro.formats.american.x12_tokens import (
    Segment,
)

_SET = "820"
_BARE = re.compile(rb"(?:\xef\xbb\xbf)?\s*ST([^\w\s])820\1")
_SURE, _PERHAPS = 95, 40


def identify(head: bytes) -> int:
    """An interchange with an 820 in sight is certain; one without may hold an 820 further on."""
    if _BARE.match(head):
        return _SURE
    if not HEAD.match(head):
        return 0
    if shows_advice(head):
        return _SURE
    return 0 if shows_acknowledgement(head) else _PERHAPS


class _Advices(Interchange):
    """The remittance advices of a file."""

    wanted = frozenset({_SET})

    def path(self) -> str:
        return f"remittance {self.read + 1}"

    def document(self, begun: Segment, body: list[Segment], path: str) -> Iterator[object]:
        advice = Advice(path)
        found = advice.of(body, self._envelope(), begun.get(2))
        yield from advice.problems
        yield found

    def nothing_found(self, held: str, place: str) -> Invalid:
        happened = f"The file holds no 820 but {held}."
        can_do = "Check that this is the file you meant."
        return Invalid("no_remittance_advice", happened, KEPT, can_do, location=place)

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
    yield from _Advices().records(stream, profile, _BARE)


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
