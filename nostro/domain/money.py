"""Exact money: whole minor units of one ISO 4217 currency. Refuse what does not fit; never round.

>>> Money.parse("12.30", "EUR")
Money(minor=1230, currency='EUR')
>>> str(Money.parse("1500", "JPY"))
'1500 JPY'
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction

import msgspec

from nostro.domain.currency import EXPONENT
from nostro.domain.errors import Invalid

# ISO 20022 ActiveCurrencyAndAmount: 18 digits in all, at most 5 of them fractional.
DIGITS_MAX = 18
RATE_POWER_MAX = 12
_LONG = re.compile(r"[+-]?[0-9]{19,}(?:\.[0-9]*)?\Z")
_PLAIN = re.compile(r"([+-]?)([0-9]{1,18})(?:\.([0-9]{0,18}))?\Z")


class Money(msgspec.Struct, frozen=True, gc=False, order=False):
    """An amount in whole minor units (cents, yen, fils) of one currency."""

    minor: int
    currency: str

    @classmethod
    def parse(cls, text: str, currency: str) -> Money:
        """Read plain decimal text ("1234.50", at most 18 digits).

        Raises Invalid for an unknown currency, for anything that is not a plain number (NaN,
        exponents, group separators, other alphabets' digits), and for more decimals than the
        currency has, unless the surplus decimals are zeros.
        """
        exponent = exponent_of(currency)
        found = _PLAIN.match(text)
        if _LONG.match(text):
            raise _too_large(text)
        if not found:
            raise Invalid(
                "amount_not_a_number",
                f"The amount {text[:40]!r} is not a plain decimal number.",
                can_do="Write it like 1234.50, without group separators.",
                field="amount",
            )
        sign, whole, part = found.group(1), found.group(2), found.group(3) or ""
        if part[exponent:].strip("0"):
            raise Invalid(
                "amount_too_fine",
                f"The amount {text} has more decimals than {currency} allows ({exponent}).",
                can_do="Correct the amount; we do not round money.",
                field="amount",
            )
        digits = whole + part[:exponent].ljust(exponent, "0")
        if len(digits.lstrip("0")) > DIGITS_MAX:
            raise _too_large(text)
        minor = int(digits)
        return cls(-minor if sign == "-" else minor, currency)

    def __add__(self, other: Money) -> Money:
        self._same_currency(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same_currency(other)
        return Money(self.minor - other.minor, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def _same_currency(self, other: Money) -> None:
        if other.currency != self.currency:
            raise Invalid(
                "currencies_differ",
                f"{other.currency} cannot be added to {self.currency}.",
                can_do="Convert first, naming the rate and its date.",
            )

    def number(self) -> str:
        """The amount alone, as banks write it: '12.30'."""
        exponent = exponent_of(self.currency)
        whole, part = divmod(abs(self.minor), 10**exponent)
        sign = "-" if self.minor < 0 else ""
        return f"{sign}{whole}.{part:0{exponent}d}" if exponent else f"{sign}{whole}"

    def grouped(self) -> str:
        """The amount for people: '1,234.50', with a true minus sign."""
        whole, dot, part = self.number().lstrip("-").partition(".")
        sign = "\u2212" if self.minor < 0 else ""
        return f"{sign}{int(whole):,}{dot}{part}"

    def __str__(self) -> str:
        return f"{self.number()} {self.currency}"


def _too_large(text: str) -> Invalid:
    return Invalid(
        "amount_too_large",
        f"The amount {text[:40]} has more than {DIGITS_MAX} digits.",
        can_do="Correct the amount.",
        field="amount",
    )


def exponent_of(currency: str) -> int:
    """Decimals of a currency (EUR 2, JPY 0, KWD 3); raises Invalid for an unknown code."""
    try:
        return EXPONENT[currency]
    except KeyError:
        raise Invalid(
            "unknown_currency",
            f"{currency[:10]!r} is not an ISO 4217 currency code we know.",
            can_do="Use the three-letter code, for example EUR.",
            field="currency",
        ) from None


def convert(amount: Money, rate: Decimal, currency: str) -> Money:
    """An equivalent in another currency at a named rate (units of `currency` for one of ours).

    The one place where money is rounded (half to even, to a whole minor unit): an equivalent is
    an estimate by nature, the document amount stays exact. Raises Invalid for a rate that is not
    a positive number of usual size.
    """
    if not (rate.is_finite() and rate > 0 and abs(rate.adjusted()) <= RATE_POWER_MAX):
        raise Invalid(
            "rate_unusable",
            f"{str(rate)[:40]} is not an exchange rate.",
            can_do="Give a positive decimal number, for example 1.0842.",
            field="rate",
        )
    shift = exponent_of(currency) - exponent_of(amount.currency)
    exact = Fraction(amount.minor) * Fraction(rate) * Fraction(10) ** shift
    return Money(round(exact), currency)  # Python rounds a Fraction half to even.


def total(amounts: Iterable[Money]) -> dict[str, Money]:
    """Sums by currency: different currencies are never added together."""
    sums: dict[str, int] = {}
    for amount in amounts:
        sums[amount.currency] = sums.get(amount.currency, 0) + amount.minor
    return {currency: Money(minor, currency) for currency, minor in sorted(sums.items())}
