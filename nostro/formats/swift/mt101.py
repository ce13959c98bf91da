"""Requests for transfer as SWIFT MT101: read from treasury systems, written to banks.

SWIFT Standards MT, MT101 Request for Transfer.
"""

from __future__ import annotations

from nostro.domain.payment_file import PaymentFile
from nostro.formats import Format
from nostro.formats.swift.fin import head_of
from nostro.formats.swift.mt101_fitting import fit
from nostro.formats.swift.mt101_reader import read
from nostro.formats.swift.mt101_writer import RequestOptions, write


def identify(head: bytes) -> int:
    """Sure by the envelope; without one by the chain index, which no other type has."""
    seen = head_of(head)
    if seen.kind:
        return 100 if seen.kind == "101" else 0
    return 95 if seen.has("28D") and seen.has("20", "30", "21") else 0


FORMAT = Format(
    name="mt101",
    media_type="text/plain",
    standard="SWIFT MT101",
    section="category 1, Request for Transfer",
    identify=identify,
    options=RequestOptions,
    read=read,
    write=write,
    documents=(PaymentFile,),
    several="joined",
    fit=fit,
)
