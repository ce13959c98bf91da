"""Transport acknowledgements in X12: what arrived, what can be read, and which errors it has.

ASC X12 997 Functional Acknowledgment and 999 Implementation Acknowledgment (AK1 to AK9, IK3 to
IK5), versions 004010 and 005010, and TA1 of X12.5. Their word is about a file, never about money.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from nostro.domain.errors import Invalid
from nostro.domain.problem import error
from nostro.domain.transport_acknowledgement import (
    AcknowledgedPart,
    FileFault,
    Level,
    TransportAcknowledgement,
)
from nostro.formats import Format, Profile
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
from nostro.formats.american.x12_verdicts import (
    DUPLICATE_INTERCHANGE,
    ELEMENT_FAULTS,
    GROUP_FAULTS,
    INTERCHANGE_FAULTS,
    SEGMENT_FAULTS,
    SET_FAULTS,
    VERDICTS,
)

_BARE = re.compile(rb"(?:\xef\xbb\xbf)?\s*ST([^\w\s])99[79]\1")
_ASK = "Ask the bank what it means, and for the acknowledgement again."
_SURE = 95


def identify(head: bytes) -> int:
    if _BARE.match(head):
        return _SURE
    seen = HEAD.match(head) and shows_acknowledgement(head) and not shows_advice(head)
    return _SURE if seen else 0


class _Acknowledgements(Interchange):
    """The acknowledgements of a file, TA1 among them, which stands before the groups."""

    wanted = frozenset({"997", "999"})

    def document(self, begun: Segment, body: list[Segment], path: str) -> Iterator[object]:
        first, last = _first(body, "AK1"), _first(body, "AK9")
        verdict = VERDICTS.get(last.get(1)) if last else None
        if first is None or last is None or verdict is None:
            happened = "An acknowledgement does not say which group it is about, or what of it."
            raw = "\n".join(segment.text() for segment in [begun, *body])
            yield error("acknowledgement_unclear", happened, _ASK, begun.location(path), raw)
            return
        parts = list(_parts(body, path))
        yield from (part for part in parts if not isinstance(part, AcknowledgedPart))
        yield TransportAcknowledgement(
            reference=self._number() or begun.get(2),
            sender=self._told(6),
            receiver=self._told(8),
            level=Level.GROUP,
            verdict=verdict,
            code=last.get(1),
            original_group=first.get(2),
            faults=_faults(last, range(5, 10), GROUP_FAULTS),
            parts=tuple(part for part in parts if isinstance(part, AcknowledgedPart)),
            location=begun.location(path),
        )

    def outside(self, segment: Segment) -> Iterator[object]:
        if segment.name != "TA1":
            yield from super().outside(segment)
            return
        self.read += 1
        verdict = VERDICTS.get(segment.get(4))
        if verdict is None or not segment.get(1):
            happened = "A segment TA1 does not say which interchange it is about, or what of it."
            where = segment.location()
            yield error("acknowledgement_unclear", happened, _ASK, where, segment.text())
            return
        yield TransportAcknowledgement(
            reference=self._number(),
            sender=self._told(6),
            receiver=self._told(8),
            level=Level.INTERCHANGE,
            verdict=verdict,
            code=segment.get(4),
            original_interchange=segment.get(1),
            faults=_faults(segment, range(5, 6), INTERCHANGE_FAULTS),
            location=segment.location(),
        )

    def nothing_found(self, held: str, place: str) -> Invalid:
        happened = f"The file holds no acknowledgement but {held}."
        can_do = "Check that this is the file you meant."
        return Invalid("no_acknowledgement", happened, KEPT, can_do, location=place)

    def _told(self, place: int) -> str:
        return self.header.get(place).rstrip() if self.header else ""

    def _number(self) -> str:
        return self._told(13)


def _first(body: list[Segment], name: str) -> Segment | None:
    return next((segment for segment in body if segment.name == name), None)


def _faults(segment: Segment, places: range, meanings: dict[str, str]) -> tuple[FileFault, ...]:
    """The error codes at the end of a segment; "000" of TA1 says that there is none."""
    codes = [segment.get(place).strip() for place in places]
    return tuple(
        FileFault(
            code=code,
            text=meanings.get(code, ""),
            duplicate=meanings is INTERCHANGE_FAULTS and code in DUPLICATE_INTERCHANGE,
        )
        for code in codes
        if code.strip("0")
    )


def _parts(body: list[Segment], path: str) -> Iterator[object]:
    """Each transaction set of ours that is spoken of: AK2, what is wrong in it, AK5."""
    begun: Segment | None = None
    faults: list[FileFault] = []
    for segment in body:
        if segment.name == "AK2":
            begun, faults = segment, []
        elif segment.name in ("AK3", "IK3"):
            faults.append(_of_segment(segment))
        elif segment.name in ("AK4", "IK4") and faults:
            faults.append(_of_element(segment, faults[-1]))
        elif segment.name in ("AK5", "IK5") and begun is not None:
            verdict = VERDICTS.get(segment.get(1))
            if verdict is None:
                happened = (
                    f"A transaction set is called {segment.get(1)[:5]!r}, which says nothing."
                )
                where = segment.location(path)
                yield error("acknowledgement_unclear", happened, _ASK, where, segment.text())
                continue
            yield AcknowledgedPart(
                level=Level.MESSAGE,
                reference=begun.get(2),
                kind=begun.get(1),
                verdict=verdict,
                code=segment.get(1),
                faults=(*faults, *_faults(segment, range(2, 7), SET_FAULTS)),
                location=begun.location(path),
            )


def _of_segment(segment: Segment) -> FileFault:
    code = segment.get(4)
    return FileFault(
        code=code,
        text=SEGMENT_FAULTS.get(code, ""),
        segment=segment.get(1),
        position=segment.get(2),
    )


def _of_element(segment: Segment, inside: FileFault) -> FileFault:
    code = segment.get(3)
    return FileFault(
        code=code,
        text=ELEMENT_FAULTS.get(code, ""),
        segment=inside.segment,
        position=inside.position,
        element=segment.get(1),
        content=segment.get(4),
    )


def read(stream: BinaryIO, profile: Profile) -> Iterator[object]:
    """Yield one TransportAcknowledgement for each TA1 and each transaction set 997 or 999.

    What is unclear is a Problem (`acknowledgement_unclear`). Raises Invalid with a location for
    whatever `Tokens` refuses, and `x12_cut`, `no_acknowledgement`.
    """
    yield from _Acknowledgements().records(stream, profile, _BARE)


FORMAT = Format(
    name="x12_997",
    media_type="application/edi-x12",
    standard="ASC X12 997 Functional Acknowledgment, 999 Implementation Acknowledgment, TA1",
    section="Transaction sets 997 and 999; segment TA1 of X12.5",
    versions=("004010", "005010"),
    identify=identify,
    read=read,
)
