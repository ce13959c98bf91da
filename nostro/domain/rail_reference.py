"""The reference that a rail really carries: short, and unique per debit account after truncation.

End-to-end ids do not survive MT940, Nacha or a cheque (payment lifecycle, section 3). What the rail
keeps of them must still tell two payments of one account apart, or a booking could prove the wrong
one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

# How many characters a format's own reference field keeps; formats not named keep 35.
LENGTHS: Mapping[str, int] = {
    "mt101": 16,  # SWIFT MT101 field 21, :21: of the statement's :61:
    "nacha": 15,  # Nacha Operating Rules, Individual Identification Number
}
LENGTH_USUALLY = 35
SHORTEST = max(LENGTHS.values())  # What a rail without room carries is never longer than this.


def rail_reference(
    format_name: str, end_to_end_id: str, number: str, taken: Collection[str]
) -> str:
    """The reference of one payment on its rail; never one of `taken`.

    The end-to-end id itself where it fits and is free, else our own payment number; what a payee
    will see differs then from the end-to-end id, so it is shown wherever the payment is shown.
    Raises ValueError when both are taken: two payments cannot have one number.
    """
    length = LENGTHS.get(format_name, LENGTH_USUALLY)
    for candidate in (end_to_end_id, number):
        if len(candidate) <= length and candidate not in taken:
            return candidate
    raise ValueError(f"the payment number {number} is taken as a rail reference")
