"""What a hold stands on, part by part: a limit with what counted there, a listed name beside ours.

It is kept as it was when the payment was held: a person decides on what was found then, not on what
the limits and the lists say today. The sentence of the hold tells the same for whoever reads text.
"""

from __future__ import annotations

from datetime import date
from typing import TypeAlias

import msgspec

from nostro.domain.money import Money


class OverLimit(msgspec.Struct, frozen=True, kw_only=True, tag="over_limit"):
    """A limit that a payment is above. `others` payments count beside it, with their sum; of
    confidential ones only that there are some (`others_untold`), and then not by how much it is
    over: from that their sum could be worked out."""

    limit: str
    most: Money
    per: str
    this: Money
    day: date | None = None  # On which the others count; None for a limit of one payment.
    others: int = 0
    others_sum: Money | None = None
    others_untold: bool = False
    over_by: Money | None = None


class ListedName(msgspec.Struct, frozen=True, kw_only=True, tag="listed_name"):
    """A listed name that the payee's name is like, in percent, and where it is listed. `words` are
    ours, theirs, and how alike the two are; `because` is what else speaks for or against it."""

    ours: str
    listed: str
    kind: str
    percent: int
    watch_list: str
    published: date | None
    entry: str
    programs: tuple[str, ...] = ()
    born: tuple[str, ...] = ()
    words: tuple[tuple[str, str, int], ...] = ()
    because: tuple[str, ...] = ()


Piece: TypeAlias = OverLimit | ListedName
