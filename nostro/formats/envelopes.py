"""The control numbers of a file of ours in X12 or EDIFACT: by them the other side names it."""

from __future__ import annotations

from io import BytesIO

import msgspec

from nostro.domain.errors import Invalid
from nostro.formats import Profile
from nostro.formats.american.x12_tokens import Tokens, pieces
from nostro.formats.edifact.edifact_segments import EdifactSegments

MEDIA_TYPES = frozenset({"application/edi-x12", "application/edifact"})


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """An interchange: its control number (ISA13, UNB 0020) and its groups' (GS06, UNG 0048)."""

    interchange: str
    groups: tuple[str, ...]


def envelope_of(content: bytes) -> Envelope | None:
    """The envelope of a file; None for one that has none that we know."""
    try:
        if content.lstrip().startswith(b"ISA"):
            return _of_x12(content)
        if content.lstrip().startswith((b"UNA", b"UNB")):
            return _of_edifact(content)
    except Invalid:
        pass  # Then nobody can name it by a number in it.
    return None


def _of_x12(content: bytes) -> Envelope:
    found = {"ISA": [""], "GS": []}
    for segment in Tokens(pieces(BytesIO(content), Profile())):
        if segment.name in found:
            found[segment.name].append(segment.get(13 if segment.name == "ISA" else 6))
    return Envelope(interchange=found["ISA"][-1], groups=tuple(found["GS"]))


def _of_edifact(content: bytes) -> Envelope:
    found = {"UNB": [""], "UNG": []}
    for segment in EdifactSegments(BytesIO(content), Profile()):
        if segment.name in found:
            found[segment.name].append(segment.get(5))
    return Envelope(interchange=found["UNB"][-1], groups=tuple(found["UNG"]))


def same_number(one: str, other: str) -> bool:
    """Are these the same control number, written with or without zeros before it?"""
    return bool(one.strip()) and _bare(one) == _bare(other)


def _bare(number: str) -> str:
    return number.strip().lstrip("0") or "0"
