"""Confirmations of money that came in, as SWIFT MT910: one message a booking.

SWIFT Standards MT, MT910 Confirmation of Credit.
"""

from __future__ import annotations

from nostro.formats import Format
from nostro.formats.swift.confirmations import reader
from nostro.formats.swift.fin import head_of


def identify(head: bytes) -> int:
    """Sure by the envelope. Without one MT900 and MT910 may look the same, with opposite signs.

    Then only a message that names an ordering customer is an MT910: an MT900 has no such field.
    """
    seen = head_of(head)
    if seen.kind:
        return 100 if seen.kind == "910" else 0
    if not (seen.has("32A") and seen.has("25", "25P")) or seen.has("23B", "28D", "60F", "61"):
        return 0
    return 90 if seen.has("50A", "50F", "50K", "56A", "56D") else 0


FORMAT = Format(
    name="mt910",
    media_type="text/plain",
    standard="SWIFT MT910",
    section="category 9, Confirmation of Credit",
    identify=identify,
    read=reader("910", 1),
)
