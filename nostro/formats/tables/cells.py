"""What a cell of a bank's list says: a day, an amount with its sign and currency. Never a guess.

Amounts in groups ("1.234,50") are read only when the groups are whole, so that "1,23" of a list
with the other decimal sign is refused instead of becoming 123.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from functools import cache, lru_cache

from nostro.domain.currency import EXPONENT
from nostro.domain.errors import Invalid
from nostro.formats.profiles.lists import BankList

AMOUNT_CHARACTERS_MAX = 200
_LEFT_OUT = "This line was left out; the others were read."
# Three letters of a month's name are enough, but for French June and July.
_MONTHS = (
    "jan gen ene janv",
    "feb fev fév fevr févr",
    "mar mär mrt maa mär mrz",
    "apr avr abr",
    "may mai mei mag maj maio",
    "jun juin giu",
    "jul juil lug",
    "aug aou aoû ago août",
    "sep set",
    "oct okt ott out",
    "nov",
    "dec dez déc dic",
)
_MONTH = {word: number for number, words in enumerate(_MONTHS, 1) for word in words.split()}
_TOKENS = {
    "YYYY": "(?P<Y>[0-9]{4})",
    "YY": "(?P<y>[0-9]{2})",
    "MMM": r"(?P<N>[^\W\d_]{3,10})\.?",
    "MM": "(?P<M>[0-9]{2})",
    "M": "(?P<M>[0-9]{1,2})",
    "DD": "(?P<D>[0-9]{2})",
    "D": "(?P<D>[0-9]{1,2})",
    "hh": "(?P<t>[0-9]{2})",
    "h": "(?P<t>[0-9]{1,2})",
    "mm": "[0-9]{2}",
    "ss": "[0-9]{2}",
    "SSS": "[0-9]{1,6}",
    "AM": r"[AaPp]\.?[Mm]\.?",
    "Z": "(?:Z|[+-][0-9]{2}:?[0-9]{2})",
    "?": "[^0-9A-Za-z]",
}
_SPELLED = re.compile("|".join(re.escape(token) for token in _TOKENS))
_NO_DIGIT = re.compile("[^0-9]")
_SPACES = " \u00a0\u202f\u2009"
_GROUPS = {" ": f"[{_SPACES}]", "'": "['’]", ".": r"\.", ",": ",", "": ""}
_MINUS = {"-": "-", "\u2212": "-", "+": "+"}
_WORDS = {"DR": "-", "CR": "+"}


class Exact(str):
    """A number of a workbook as plain decimal text, whatever the list's decimal sign is."""

    __slots__ = ()


class Day(str):
    """A day of a workbook in ISO 8601, perhaps with a time."""

    __slots__ = ()


class Fault(str):
    """What a workbook shows where a formula came to nothing: #REF!, #N/A and the like."""

    __slots__ = ()


def day_of(text: str, spellings: tuple[str, ...]) -> tuple[date, bool]:
    """The day that a cell names, and whether a time stands with it; raises Invalid."""
    if isinstance(text, Day):
        try:
            return date.fromisoformat(text[:10]), len(text) > 10
        except ValueError:
            raise _no_day(text, spellings) from None
    return _spelled_day(text, spellings)


@lru_cache(maxsize=4096)
def _spelled_day(text: str, spellings: tuple[str, ...]) -> tuple[date, bool]:
    for spelling in spellings:
        found = _pattern(spelling).match(text)
        if found is None:
            continue
        told = found.groupdict()
        month = int(told["M"]) if told.get("M") else _month(told.get("N", ""))
        year = int(told["Y"]) if told.get("Y") else 2000 + int(told["y"])
        try:
            return date(year, month, int(told["D"])), told.get("t") is not None
        except ValueError:
            continue  # 30 February and the like.
    raise _no_day(text, spellings)


def _no_day(text: str, spellings: tuple[str, ...]) -> Invalid:
    return Invalid(
        "invalid_date",
        f"{text[:40]!r} is not a date written {' or '.join(spellings)}.",
        _LEFT_OUT,
        "Correct it at the source, or add the spelling to the layout.",
    )


def _month(name: str) -> int:
    word = name.casefold().rstrip(".")
    return _MONTH.get(word[:4]) or _MONTH.get(word[:3], 0)


@cache
def _pattern(spelling: str) -> re.Pattern[str]:
    pieces = []
    end = 0
    for token in _SPELLED.finditer(spelling):
        pieces += [re.escape(spelling[end : token.start()]), _TOKENS[token[0]]]
        end = token.end()
    return re.compile("".join(pieces) + re.escape(spelling[end:]) + r"\Z")


def amounts(layout: BankList) -> Callable[[str], tuple[str, str]]:
    """How a list's amounts are read: a cell becomes (plain decimal text, currency or "").

    A sign may stand at either end, or brackets around it, or CR or DR behind it; a currency code
    or one of the layout's signs beside it. The function raises Invalid (`amount_not_a_number`).
    """
    group, point = _GROUPS[layout.group], re.escape(layout.decimal)
    whole = f"[0-9]{{1,3}}(?:{group}[0-9]{{2,3}})*{group}[0-9]{{3}}|[0-9]+" if group else "[0-9]+"
    shape = re.compile(
        rf"(?P<before>[^0-9{point}]*+)(?P<whole>{whole})?(?:{point}(?P<part>[0-9]*+))?"
        r"(?P<after>[^0-9]*+)\Z"
    )

    def read(text: str) -> tuple[str, str]:
        if isinstance(text, Exact):
            return str(text), ""
        found = shape.match(text) if len(text) <= AMOUNT_CHARACTERS_MAX else None
        beside = _beside(found["before"], found["after"], layout) if found else None
        if found is None or beside is None or not (found["whole"] or found["part"]):
            raise _not_a_number(text, layout)
        digits = found["whole"] or "0"
        if not digits.isdigit():
            digits = _NO_DIGIT.sub("", digits)
        plain = f"{digits}.{found['part']}" if found["part"] else digits
        return f"{beside[0]}{plain}", beside[1]

    return read


def _not_a_number(text: str, layout: BankList) -> Invalid:
    return Invalid(
        "amount_not_a_number",
        f"The amount {text[:40]!r} is not a number as this list writes them.",
        _LEFT_OUT,
        f"It should be like 1234{layout.decimal}50; else correct the layout's decimal and group.",
    )


def _beside(before: str, after: str, layout: BankList) -> tuple[str, str] | None:
    """Sign and currency out of what stands around the digits; None when it is something else."""
    before, after = before.strip(), after.strip()
    if not before and not after:
        return "", ""
    if before in _MINUS and not after:
        return _MINUS[before], ""
    signs = []
    if before.startswith("(") and after.endswith(")"):
        before, after = before[1:], after[:-1]
        signs.append("-")
    if after[-2:].upper() in _WORDS and after[-3:].upper() not in EXPONENT:
        signs.append(_WORDS[after[-2:].upper()])
        after = after[:-2]
    signs += [_MINUS[letter] for letter in before + after if letter in _MINUS]
    words = [_bare(before), _bare(after)]
    known = [layout.signs.get(word) or (word in EXPONENT and word) for word in words if word]
    if len(signs) > 1 or len(known) > 1 or not all(known):
        return None
    return "".join(signs), str(known[0]) if known else ""


def _bare(text: str) -> str:
    return "".join(letter for letter in text if letter not in _MINUS).strip(f"{_SPACES}\t")
