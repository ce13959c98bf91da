"""Statements between banks as SWIFT MT950: like MT940, but nothing is told about a booking.

SWIFT Standards MT, MT950 Statement Message.
"""

from __future__ import annotations

from nostro.formats import Format
from nostro.formats.swift.fin import head_of
from nostro.formats.swift.statement_lines import StatementOptions
from nostro.formats.swift.statement_messages import read_statements


def identify(head: bytes) -> int:
    """Sure by the envelope; without one by bookings of which none has a narrative."""
    seen = head_of(head)
    if seen.kind:
        return 100 if seen.kind == "950" else 0
    return 90 if seen.bare_statement() and not seen.interim() else 0


FORMAT = Format(
    name="mt950",
    media_type="text/plain",
    standard="SWIFT MT950",
    section="category 9, Statement Message",
    identify=identify,
    options=StatementOptions,
    read=read_statements,
)
