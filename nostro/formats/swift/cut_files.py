"""Whether the last field of a SWIFT file without a line end may have lost its end on the way.

Half an amount is an amount, and half an IBAN an account: neither may be used.
"""

from __future__ import annotations

import re

from nostro.domain.currency import EXPONENT

# Fields whose last part is an amount, and fields that name whom money goes to or whose it is.
_AMOUNTS = frozenset(
    ("32A", "32B", "33B", "34F", "60F", "60M", "62F", "62M", "64", "65", "90C", "90D")
)
_ACCOUNTS = frozenset(("20", "25", "25P", "59", "59A", "59F"))
_AMOUNT_LAST = re.compile(r"(?:([A-Z]{3})\s?)?([0-9]*)(?:,([0-9]*))?\s*\Z")
_BOOKED_AMOUNT_LAST = re.compile(r"[0-9]{6}(?:[0-9]{4})? *[A-Z]{0,3} *[0-9]*(?:,[0-9]*)?\s*\Z")
_CENTS = 2


def is_cut(tag: str, text: str) -> bool:
    """Whether this last field of a file must not be trusted.

    A booking needs something behind its amount. Another amount is whole with all decimals of its
    currency behind its comma: 104,50 is, 104,5 and 104 are not. An account is never sure.
    """
    if tag == "61":
        return _BOOKED_AMOUNT_LAST.match(text) is not None
    if tag in _AMOUNTS:
        found = _AMOUNT_LAST.search(text)
        if found is None:
            return False
        decimals = EXPONENT.get(found[1] or "", _CENTS)
        return found[3] is None or len(found[3]) < decimals
    return tag in _ACCOUNTS
