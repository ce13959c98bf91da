"""Bookings during the day as SWIFT MT942: no balances, but sums that must fit.

SWIFT Standards MT, MT942 Interim Transaction Report (German banks call the file VMK).
"""

from __future__ import annotations

from nostro.formats import Format
from nostro.formats.swift.fin import head_of
from nostro.formats.swift.statement_lines import StatementOptions
from nostro.formats.swift.statement_messages import read_statements


def identify(head: bytes) -> int:
    """Sure by the envelope; without one by floor limit, time or sums and no opening balance."""
    seen = head_of(head)
    if seen.kind:
        return 100 if seen.kind == "942" else 0
    return 95 if seen.interim() else 0


FORMAT = Format(
    name="mt942",
    media_type="text/plain",
    standard="SWIFT MT942",
    section="category 9, Interim Transaction Report",
    identify=identify,
    options=StatementOptions,
    read=read_statements,
)
