"""What all bank messages in XML share: which message it is, and the door to reading one.

ISO 20022 messages come in many versions, with any namespace prefix, bare or inside an envelope
with a business application header (head.001). Readers therefore go by local names and by the path
below the message element; only writers and `schema` go by the exact version.

A reader declares `Shape`s: the repeated elements that it wants as records, and for each the paths
below it whose text it wants. `records` makes them as the bytes go by.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import lru_cache
from typing import Any, BinaryIO
from xml.parsers import expat

from nostro.formats import Profile
from nostro.formats.iso20022.xml.engine import Engine
from nostro.formats.iso20022.xml.safe_expat import (
    CHUNK_BYTES,
    check_plain,
    fed,
    no_such_message,
    safe_parser,
)
from nostro.formats.iso20022.xml.shapes import Record, Shape

__all__ = [
    "CHUNK_BYTES",
    "Record",
    "Shape",
    "check_plain",
    "declared",
    "fed",
    "identifies",
    "message_of",
    "no_such_message",
    "records",
    "safe_parser",
]
_MESSAGE_NAME = re.compile(r"(?:^|[^a-z])([a-z]{4}\.\d{3})\.(?:\d{3})(?:\.\d{2})?")
_ENVELOPE = re.compile(rb"MsgDefIdr>\s*([a-z]{4}\.\d{3})")


def records(
    stream: BinaryIO, message: str, shape: Shape, encoding: str | None = None
) -> Iterator[Any]:
    """Yield what `shape` makes of each message element named `message`, in constant memory.

    Messages joined in one file are read one after the other. `encoding` overrides what the file
    declares (for banks whose declaration is wrong). Raises Invalid with a location: `empty_file`,
    `compressed_file`, `ebcdic_file`, `doctype_refused`, `file_cut`, `not_well_formed`, `not_text`,
    `nesting_too_deep`, `text_too_long`, `wrong_message`. Nothing yielded counts until the iterator
    has ended by itself: a fault at the end of a file makes the whole file unusable.
    """
    return iter(Engine(stream, message, shape, encoding))


def declared(profile: Profile) -> str | None:
    """The encoding a profile insists on, or None to believe the file's own declaration."""
    return profile.encoding or None


@lru_cache(maxsize=8)
def message_of(head: bytes) -> str:
    """The message that a file beginning with `head` carries ("camt.053"), or "".

    Goes by namespace, then by the name of the message element, then by what a business application
    header announces (it can be longer than the head). Never by file name.
    """
    found: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        known = _ELEMENTS.get(name.rpartition(":")[2].removesuffix("V01"), "")
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
    "CstmrPmtCxlReq": "camt.055",
    "FIToFIPmtCxlReq": "camt.056",
    "RsltnOfInvstgtn": "camt.029",
}


def _named(namespace: str) -> str:
    names = _MESSAGE_NAME.findall(namespace)
    return names[-1] if names else ""


def identifies(message: str) -> Callable[[bytes], int]:
    """An `identify` for one message: 100 when the head is surely this message, else 0."""
    return lambda head: 100 if message_of(head) == message else 0
