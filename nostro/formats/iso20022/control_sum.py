"""The control sum of a payment file: all amounts added as plain decimals, whatever their currency.

ISO 20022 CtrlSum: "total of all individual amounts, irrespective of currencies".
"""

from __future__ import annotations

from collections.abc import Iterable

from nostro.domain.currency import EXPONENT
from nostro.domain.money import Money

_FINEST = max(EXPONENT.values())
_FACTOR = {currency: int(10 ** (_FINEST - exponent)) for currency, exponent in EXPONENT.items()}


def plain_sum(amounts: Iterable[Money]) -> str:
    """Amounts added as the control sum wants them: "1234.50"."""
    sums: dict[str, int] = {}
    for amount in amounts:
        sums[amount.currency] = sums.get(amount.currency, 0) + amount.minor
    return decimal(sum(minor * _FACTOR[currency] for currency, minor in sums.items()))


def finest(amount: Money) -> int:
    """An amount in the finest unit any currency has, so that sums stay whole numbers."""
    return amount.minor * _FACTOR[amount.currency]


def decimal(units: int) -> str:
    """A sum of finest units as plain decimal text with at least two decimals."""
    whole, part = divmod(units, 10**_FINEST)
    digits = f"{part:0{_FINEST}d}".rstrip("0")
    return f"{whole}.{digits.ljust(2, '0')}" if digits else f"{whole}.00"
