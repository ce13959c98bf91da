"""Amounts, days and marks of a bank statement message as the domain wants them, or a warning.

What the schema forbids but real banks send is read, with a Problem that says where; what would make
an amount uncertain is refused.
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache

from nostro.domain.currency import EXPONENT
from nostro.domain.errors import Invalid
from nostro.domain.money import Money
from nostro.domain.problem import Location, Problem, warning
from nostro.formats.iso20022.xml.shapes import Record

IF_IT_CLOSES = "Trust it only if the statement closes."
ASK_THE_BANK = "Ask the bank for a corrected statement."
_ZONE = re.compile(r"(Z|[+-]\d\d:\d\d)?\Z")
SIGN = {"CRDT": 1, "DBIT": -1}
_TRUE, _FALSE = {"true", "1"}, {"false", "0", ""}
_TRUE_TOLERATED = {"yes", "y"}
_DAY_LENGTH = 10
_DAY_LENGTH_MAX = 40
_PLAIN_LENGTH_MAX = 18


class Noticed:
    """What was odd while reading, on its way to the caller."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def warn(
        self, record: Record, code: str, happened: str, can_do: str, where: Location | None = None
    ) -> None:
        """Tell of something odd in the record; `happened` starts in "has"."""
        location = where or record.location()
        self.problems.append(warning(code, f"{record.words()} {happened}", can_do, location))

    def take(self) -> list[Problem]:
        found, self.problems = self.problems, []
        return found


def refuse(record: Record, code: str, happened: str) -> Invalid:
    """The record cannot be used; whoever makes it tells so and goes on with the next."""
    return Invalid(code, f"{record.words()} {happened}", "", ASK_THE_BANK)


@lru_cache(maxsize=8)  # An entry often says its amount three times.
def plain_money(text: str, currency: str) -> Money | None:
    """The amount of digits with all their decimals, as nearly all are; None for any other text."""
    whole, _, part = text.partition(".")
    digits = whole + part
    if (
        EXPONENT.get(currency) == len(part)
        and len(text) <= _PLAIN_LENGTH_MAX
        and digits.isdigit()
        and digits.isascii()
    ):
        return Money(int(digits), currency)
    return None


def money(text: str, currency: str) -> Money:
    """What Money.parse says, faster for plain text."""
    # XML Schema's decimal may begin with the point.
    return plain_money(text, currency) or Money.parse(
        f"0{text}" if text.startswith(".") else text, currency
    )


def amount(record: Record, slot: str) -> Money:
    """An amount as written, unsigned as a rule; raises Invalid."""
    text = record.texts.get(slot)
    if not text:
        raise refuse(record, "amount_missing", "has no amount.")
    try:
        return money(text, record.texts.get(slot + "@") or _currency_around(record))
    except Invalid as error:
        raise refuse(record, error.code, f"has a wrong amount. {error.happened}") from None


def own_amount(record: Record, noticed: Noticed) -> Money:
    """The amount of an entry or balance; warning `currency_missing`. Raises as `amount` does."""
    found = amount(record, "amount")
    if not record.texts.get("amount@"):
        happened = f"names no currency; {found.currency}, that of the account, was taken."
        noticed.warn(record, "currency_missing", happened, IF_IT_CLOSES)
    return found


def _currency_around(record: Record) -> str:
    while record.parent is not None:
        record = record.parent
        if currency := record.get("currency"):
            return currency
    return ""


def sign_of(record: Record) -> int:
    """+1 or -1 from CdtDbtInd, which already is the direction of the booking, reversed or not."""
    direction = record.get("direction")
    sign = SIGN.get(direction)
    if sign is None:
        happened = f"does not say whether it is a credit or a debit ({direction[:10]!r})."
        raise refuse(record, "direction_missing", happened)
    return sign


def plain_day(text: str) -> date | None:
    """The day of a date, or of a date and time; None when it takes a closer look."""
    return _plain_day(text) if len(text) <= _DAY_LENGTH_MAX else None


@lru_cache(maxsize=4096)
def _plain_day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text[:_DAY_LENGTH])
    except ValueError:
        return None
    rest = text[_DAY_LENGTH:]
    return day if not rest or rest[0] == "T" or _ZONE.match(rest) else None


def day_of(noticed: Noticed, record: Record, slot: str, word: str) -> date | None:
    """A date from a date or a date and time; a text that is neither is None with a warning."""
    text = record.texts.get(slot)
    if not text:
        return None
    if plain := plain_day(text):
        return plain
    try:
        day = date.fromisoformat(text[:_DAY_LENGTH])
    except ValueError:
        happened = f"has a {word} that is not a date ({text[:40]!r}); it was left empty."
        noticed.warn(record, "date_unreadable", happened, "Look at the bank's own statement.")
        return None
    happened = f"has an oddly written {word} ({text[:40]!r}); it was read as {day}."
    noticed.warn(record, "date_odd", happened, "Nothing, if the day is right.")
    return day


def flag(noticed: Noticed, record: Record, slot: str, word: str) -> bool:
    """A mark that is true or false; anything else is told, and is false unless it means yes."""
    text = record.get(slot).lower()
    if text not in _TRUE and text not in _FALSE:
        happened = f"has a {word} that is not true or false ({text[:10]!r})."
        noticed.warn(record, "boolean_odd", happened, "Check it against the bank's own statement.")
    return text in _TRUE or text in _TRUE_TOLERATED


def count_of(text: str) -> int | None:
    """A plain number of things, or None."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 15 else None
