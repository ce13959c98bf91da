"""Confirmations of money that left an account, as SWIFT MT900: one message a booking.

SWIFT Standards MT, MT900 Confirmation of Debit.
"""

from __future__ import annotations

from nostro.formats import Format
from nostro.formats.swift.confirmations import reader
from nostro.formats.swift.fin import head_of


def identify(head: bytes) -> int:
    """Sure by the envelope. Without one MT900 and MT910 may look the same, with opposite signs.

    Then only a message that names no ordering party at all is an MT900: an MT910 must name one.
    """
    seen = head_of(head)
    if seen.kind:
        return 100 if seen.kind == "900" else 0
    if not (seen.has("32A") and seen.has("25", "25P")) or seen.has("23B", "28D", "60F", "61"):
        return 0
    return 0 if seen.has("50A", "50F", "50K", "52A", "52D", "56A", "56D") else 90


FORMAT = Format(
    name="mt900",
    media_type="text/plain",
    standard="SWIFT MT900",
    section="category 9, Confirmation of Debit",
    identify=identify,
    read=reader("900", -1),
)
