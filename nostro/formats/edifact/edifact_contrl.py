"""Transport acknowledgements in EDIFACT: CONTRL says what of an interchange of ours can be read.

ISO 9735-4, syntax and service report message, syntax versions 3 and 4 (CONTRL D.3 and 4.1): UCI of
the interchange, UCF of its groups, UCM of its messages, UCS and UCD of what is wrong in them. Codes
are those of the service code lists 0083 (action) and 0085 (syntax error).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

import msgspec

from nostro.domain.errors import Invalid
from nostro.domain.problem import Problem, error, warning
from nostro.domain.transport_acknowledgement import (
    AcknowledgedPart,
    FileFault,
    FileVerdict,
    Level,
    TransportAcknowledgement,
)
from nostro.formats import Format, Profile
from nostro.formats.edifact.edifact_segments import KEPT, EdifactSegment, EdifactSegments
from nostro.formats.edifact.edifact_verdicts import DUPLICATE, FAULTS, VERDICTS

_ASK = "Ask the bank what it means, and for the acknowledgement again."
_AGAIN = "Ask the bank for the file again."
_HEAD = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:UNA.{6}\s*)?UNB[^\w\s]UNO[A-Z]", re.DOTALL)
_INSIDE = re.compile(rb"UNH[^\w\s][^'\r\n]{1,40}?CONTRL[^\w]")
_SURE = 95
# Where the action and the error stand in each segment, and what names the part.
_PLACES = {"UCI": 4, "UCF": 4, "UCM": 3}


def identify(head: bytes) -> int:
    return _SURE if _HEAD.match(head) and _INSIDE.search(head) else 0


class _Reports:
    """The state of reading: in which interchange and message a segment is."""

    def __init__(self) -> None:
        self.header: EdifactSegment | None = None
        self.begun: EdifactSegment | None = None
        self.body: list[EdifactSegment] = []
        self.messages = self.read = 0
        self.skipped: list[str] = []

    def take(self, segment: EdifactSegment) -> Iterator[object]:
        if segment.name == "UNB":
            self.header, self.messages = segment, 0
        elif segment.name == "UNH":
            self.begun, self.body = segment, []
        elif segment.name == "UNT":
            yield from self._message(segment)
        elif segment.name == "UNZ":
            yield from self._interchange(segment)
        elif self.begun is not None:
            self.body.append(segment)

    def _message(self, trailer: EdifactSegment) -> Iterator[object]:
        begun, self.begun = self.begun, None
        if begun is None:
            return
        self.messages += 1
        kind = begun.get(2)
        if kind != "CONTRL":
            self.skipped.append(kind[:6])
            happened = f"A message {kind[:6]} is no CONTRL; it was not read."
            can_do = "Read it with the program it is meant for."
            yield warning("message_not_read", happened, can_do, begun.location())
            return
        self.read += 1
        yield from self._checked(trailer, "message", "segments", len(self.body) + 2, begun.get(1))
        yield from self._report(begun)

    def _interchange(self, trailer: EdifactSegment) -> Iterator[Problem]:
        number = self.header.get(5) if self.header else ""
        yield from self._checked(trailer, "interchange", "messages", self.messages, number)
        self.header = None

    def _checked(
        self, trailer: EdifactSegment, level: str, members: str, found: int, number: str
    ) -> Iterator[Problem]:
        stated, where = trailer.get(1), trailer.location()
        if not (stated.isascii() and stated.isdigit() and int(stated[:18]) == found):
            happened = f"The {level} says it holds {stated[:20]!r} {members}; there are {found}."
            yield error("segment_count_mismatch", happened, _AGAIN, where, trailer.raw)
        if trailer.get(2) != number:
            happened = (
                f"The {level} ends with the control number {trailer.get(2)[:20]!r}"
                f" and began with {number[:20]!r}."
            )
            yield error("control_number_mismatch", happened, _AGAIN, where, trailer.raw)

    def _report(self, begun: EdifactSegment) -> Iterator[object]:
        first = next((segment for segment in self.body if segment.name == "UCI"), None)
        verdict = _verdict(first) if first else None
        if first is None or verdict is None or not first.get(1):
            happened = "A CONTRL does not say which interchange it is about, or what of it."
            yield _unclear(happened, first or begun)
            return
        parts: list[AcknowledgedPart] = []
        for segment in self.body:
            if segment.name in ("UCF", "UCM"):
                part = _part(segment)
                if isinstance(part, Problem):
                    yield part
                else:
                    parts.append(part)
            elif segment.name in ("UCS", "UCD") and parts:
                parts[-1] = _with_fault(parts[-1], segment)
        rejected = any(part.verdict is FileVerdict.REJECTED for part in parts)
        if rejected and verdict is not FileVerdict.REJECTED:
            verdict = FileVerdict.PARTLY_ACCEPTED
        yield TransportAcknowledgement(
            reference=self.header.get(5) if self.header else "",
            sender=self.header.get(2) if self.header else "",
            receiver=self.header.get(3) if self.header else "",
            level=Level.INTERCHANGE,
            verdict=verdict,
            code=first.get(4),
            original_interchange=first.get(1),
            faults=_faults(first),
            parts=tuple(parts),
            location=first.location(),
        )

    def end(self, segments: EdifactSegments) -> None:
        """The end of the file. Raises Invalid (`edifact_cut`, `no_acknowledgement`)."""
        if self.header is not None or self.begun is not None:
            happened = "The file ends in the middle of an interchange: it is cut."
            raise segments.refuse("edifact_cut", happened, "Fetch it again.")
        if not self.read:
            held = ", ".join(sorted(set(self.skipped))) or "no message at all"
            raise Invalid(
                "no_acknowledgement",
                f"The file holds no acknowledgement but {held}.",
                KEPT,
                "Check that this is the file you meant.",
                location=str(segments.place()),
            )


def _unclear(happened: str, segment: EdifactSegment) -> Problem:
    return error("acknowledgement_unclear", happened, _ASK, segment.location(), segment.raw)


def _verdict(segment: EdifactSegment) -> FileVerdict | None:
    return VERDICTS.get(segment.get(_PLACES[segment.name]))


def _faults(segment: EdifactSegment) -> tuple[FileFault, ...]:
    """The error that UCI, UCF or UCM itself names."""
    place = _PLACES[segment.name]
    code = segment.get(place + 1)
    if not code:
        return ()
    return (
        FileFault(
            code=code,
            text=FAULTS.get(code, ""),
            segment=segment.get(place + 2),
            element=_element(segment, place + 3),
            duplicate=code in DUPLICATE,
        ),
    )


def _element(segment: EdifactSegment, place: int) -> str:
    """Where in a segment: the element, and the component after a full stop."""
    return ".".join(part for part in (segment.get(place), segment.get(place, 2)) if part)


def _part(segment: EdifactSegment) -> AcknowledgedPart | Problem:
    verdict = _verdict(segment)
    if verdict is None:
        happened = f"The action of a {segment.name} says nothing."
        return _unclear(happened, segment)
    message = segment.name == "UCM"
    return AcknowledgedPart(
        level=Level.MESSAGE if message else Level.GROUP,
        reference=segment.get(1),
        kind=segment.get(2) if message else "",
        verdict=verdict,
        code=segment.get(_PLACES[segment.name]),
        faults=_faults(segment),
        location=segment.location(),
    )


def _with_fault(part: AcknowledgedPart, segment: EdifactSegment) -> AcknowledgedPart:
    """UCS names a segment by its number in the message, UCD an element of it."""
    if segment.name == "UCS":
        fault = FileFault(
            code=segment.get(2), text=FAULTS.get(segment.get(2), ""), position=segment.get(1)
        )
    else:
        position = part.faults[-1].position if part.faults else ""
        code = segment.get(1)
        fault = FileFault(
            code=code,
            text=FAULTS.get(code, ""),
            position=position,
            element=_element(segment, 2),
        )
    return msgspec.structs.replace(part, faults=(*part.faults, fault))


def read(stream: BinaryIO, profile: Profile) -> Iterator[object]:
    """Yield one TransportAcknowledgement a CONTRL message, in the order of the file.

    What is unclear is a Problem (`acknowledgement_unclear`). Raises Invalid with a location for
    whatever `EdifactSegments` refuses, and `edifact_cut`, `no_acknowledgement`.
    """
    segments = EdifactSegments(stream, profile)
    reports = _Reports()
    for segment in segments:
        yield from reports.take(segment)
    reports.end(segments)


FORMAT = Format(
    name="edifact_contrl",
    media_type="application/edifact",
    standard="UN/EDIFACT CONTRL, syntax and service report (ISO 9735-4)",
    section="Segments UCI, UCF, UCM, UCS, UCD; service code lists 0083 and 0085",
    versions=("D.3", "4.1"),
    identify=identify,
    read=read,
)
