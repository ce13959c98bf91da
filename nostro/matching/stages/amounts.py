"""Amounts as texts become whole minor units, over whole columns at once. Refuse, never round."""

from __future__ import annotations

from typing import Final

import polars as pl

from nostro.domain.currency import EXPONENT

CURRENCY: Final = pl.Enum(sorted(EXPONENT))
_DIGITS_MAX = 18
_LONGEST = 26  # A sign, 18 digits, a point, and zeros that say nothing.


def minor(amount: str, currency: str) -> pl.Expr:
    """Minor units of the column `amount`; null for "", and for what is no amount of `currency`.

    Mixed currencies are usual, so the exponent is a column too.
    """
    text = pl.col(amount)
    point = text.str.find(".", literal=True)
    decimals = pl.when(point.is_null()).then(0).otherwise(text.str.len_bytes() - point - 1)
    whole = text.str.replace(".", "", literal=True).cast(pl.Int64, strict=False)
    shift = exponent(currency) - decimals.cast(pl.Int32)
    grown = whole * _power(shift.clip(0, 4))
    divisor = _power((-shift).clip(0, _DIGITS_MAX))
    cut = whole // divisor
    exact = pl.when(shift >= 0).then(grown).when(cut * divisor == whole).then(cut)
    plain = text.str.len_bytes() <= _LONGEST
    return pl.when(plain & (point.is_null() | (point > 0))).then(exact)


def exponent(currency: str) -> pl.Expr:
    """How many decimals the currency of each row has; null for what is no currency."""
    return pl.col(currency).replace_strict(EXPONENT, default=None, return_dtype=pl.Int32)


def exponent_of_enum(currency: str) -> pl.Expr:
    """The same, of a column that was read as CURRENCY."""
    return exponent_column(pl.col(currency))


def exponent_column(currency: pl.Expr) -> pl.Expr:
    places = [EXPONENT[code] for code in sorted(EXPONENT)]
    return currency.to_physical().replace_strict(
        list(range(len(places))), places, default=None, return_dtype=pl.Int32
    )


def _power(exponents: pl.Expr) -> pl.Expr:
    powers = {power: 10**power for power in range(_DIGITS_MAX + 1)}
    return exponents.replace_strict(powers, default=None, return_dtype=pl.Int64)
