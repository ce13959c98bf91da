"""The words of BAI2 records: fields over continuation records, dates, times, amounts, funds.

Cash Management Balance Reporting Specifications Version 2, section "Data Elements". Amounts are
whole minor units of their currency, without a decimal point.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from nostro.domain.money import DIGITS_MAX, Money
from nostro.domain.statement import AvailableOn

_CENTURY_TURN = 70
# Both mean the end of the day that the date names; the second is what some processors send.
END_OF_DAY = frozenset({"2400", "9999"})
SIMPLE_DAYS = {"0": 0, "1": 1, "2": 2}
_TIME_LENGTHS = (4, 6)
_PARTS_MAX = 999


class Fields:
    """The fields of one logical record, taken one by one over its continuation records (88).

    `body` is what follows the record code, its continuations as they are. Each physical record may
    end in a slash; the last field, text, is what remains.
    """

    def __init__(self, body: str) -> None:
        self.parts = body.replace("\n88,", "\n").split("\n")
        self.next = 0
        self.rest: str | None = None
        self.taken: list[str] = []
        self._load()

    def _load(self) -> None:
        if self.next < len(self.parts):
            self.rest = ended(self.parts[self.next])
            self.next += 1
        else:
            self.rest = None

    def more(self) -> bool:
        return self.rest is not None

    def take(self) -> str:
        """The next field, without blanks around it; "" if there is none."""
        if self.rest is None:
            return ""
        field, comma, rest = self.rest.partition(",")
        if comma:
            self.rest = rest
        else:
            self._load()
        field = field.strip()
        self.taken.append(field)
        return field

    def text(self) -> list[str]:
        """The lines of text that remain."""
        lines = [] if self.rest is None else [self.rest]
        lines.extend(ended(part) for part in self.parts[self.next :])
        self.next, self.rest = len(self.parts), None
        return lines


def ended(text: str) -> str:
    """A physical record without its end mark and the blanks it was filled up with."""
    text = text.rstrip()
    return text[:-1].rstrip() if text.endswith("/") else text


@lru_cache(maxsize=1024)
def day_of(text: str) -> date | None:
    """A day as YYMMDD (or CCYYMMDD, as some banks write); None if it is none."""
    if not (text.isascii() and text.isdigit()):
        return None
    if len(text) == 6:
        text = ("19" if int(text[:2]) >= _CENTURY_TURN else "20") + text
    try:
        return date.fromisoformat(text) if len(text) == 8 else None
    except ValueError:
        return None


def moment_of(day: date, text: str) -> datetime | None:
    """A day and a military time; the end of the day is the next midnight; None: no time."""
    if text in END_OF_DAY:
        return datetime.combine(day, time()) + timedelta(days=1)
    digits = text.replace(":", "")
    if len(digits) not in _TIME_LENGTHS or not (digits.isascii() and digits.isdigit()):
        return None
    try:
        return datetime.combine(day, time.fromisoformat(digits))
    except ValueError:
        return None


def minor_of(text: str) -> int | None:
    """An amount in minor units, with the sign some banks write; None if it is no whole number."""
    digits = text[1:] if text[:1] in ("+", "-") else text
    if not (digits.isascii() and digits.isdigit()):
        return None
    if len(digits) > DIGITS_MAX and len(digits.lstrip("0")) > DIGITS_MAX:
        return None
    return int(text)


def funds_of(
    fields: Fields, minor: int, currency: str
) -> tuple[str, tuple[AvailableOn, ...] | None]:
    """Funds type and when the amount can be used; None: the fields of the type cannot be read.

    Takes the type and the fields that follow it: none for 0, 1, 2 and Z; three amounts for S; day
    and time for V; count and pairs of days and amount for D. Parts keep the sign of the whole.
    """
    kind = fields.take().upper()
    if kind in ("", "Z"):
        return kind, ()
    if kind in SIMPLE_DAYS:
        return kind, (AvailableOn(amount=Money(minor, currency), days=SIMPLE_DAYS[kind]),)
    if kind == "S":
        told = [(str(days), fields.take()) for days in range(3)]
        return kind, _parts(told, minor, currency)
    if kind == "D":
        count = minor_of(fields.take())
        if count is None or not 0 <= count <= _PARTS_MAX:
            return kind, None
        told = [(fields.take(), fields.take()) for _ in range(count)]
        return kind, _parts(told, minor, currency)
    return kind, _dated(fields, minor, currency) if kind == "V" else None


def _parts(
    told: Sequence[tuple[str, str]], minor: int, currency: str
) -> tuple[AvailableOn, ...] | None:
    sign = -1 if minor < 0 else 1
    found = []
    for days, text in told:
        after, amount = minor_of(days), minor_of(text)
        if after is None or (amount is None and text):
            return None
        if amount is not None:
            found.append(AvailableOn(amount=Money(sign * amount, currency), days=after))
    return tuple(found)


def _dated(fields: Fields, minor: int, currency: str) -> tuple[AvailableOn, ...] | None:
    told, at = fields.take(), fields.take()
    day = day_of(told) if told else None
    if told and day is None:
        return None
    return (AvailableOn(amount=Money(minor, currency), day=day, time=at),)
