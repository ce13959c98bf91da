"""Names of other scripts in Latin letters, in each way that they may be read.

Most scripts have one way (the tables of anyascii, which follow the usual romanisations). Chinese
characters are read as Mandarin, Korean or Japanese names: each reading counts. Arabic, Hebrew, Thai
and their like write few vowels or none: their words are compared by consonants.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from itertools import islice, product
from typing import Final

from anyascii import anyascii

READINGS_MAX = 48
_HANGUL_FIRST, _HANGUL_LAST = 0xAC00, 0xD7A3
# How bearers of the most frequent Korean family names write them, where the rules say otherwise.
_FAMILY_NAMES: Final = {
    "박": "park", "이": "lee", "리": "ri", "최": "choi", "노": "roh", "유": "yoo", "류": "ryu",
    "오": "oh", "우": "woo", "구": "koo", "신": "shin", "정": "jung", "조": "cho", "임": "lim",
    "림": "lim", "안": "ahn", "문": "moon", "윤": "yoon", "주": "joo", "권": "kwon", "강": "kang",
}  # fmt: skip
_VOWELLESS: Final = frozenset(
    {
        *("ARABIC", "HEBREW", "SYRIAC", "THAANA", "THAI", "LAO", "KHMER", "MYANMAR", "DEVANAGARI"),
        *("BENGALI", "GURMUKHI", "GUJARATI", "ORIYA", "TAMIL", "TELUGU", "KANNADA", "MALAYALAM"),
        "SINHALA",
    }
)
_THAI_SILENT = re.compile("[ก-ฮ][ุิ]?์")  # A consonant that is written and not said.
_ARABIC_ARTICLE: Final = "ال"
_LEGAL_FORMS: Final = (
    "股份有限公司", "有限责任公司", "有限責任公司", "有限公司", "株式会社", "株式會社", "有限会社",
    "合同会社", "주식회사", "유한회사", "(주)", "(株)",
)  # fmt: skip


def without_legal_form(text: str) -> tuple[str, bool]:
    """A name without the words of Chinese, Japanese or Korean law for a company, and whether it
    had any: they stand within the name without a space."""
    if text.isascii():
        return text, False
    plain = text
    for form in _LEGAL_FORMS:
        plain = plain.replace(form, " ")
    return plain, plain != text


def is_vowelless(word: str) -> bool:
    """Whether a word is written in a script that leaves vowels out, or most of them."""
    return not word.isascii() and any(
        _script(letter) in _VOWELLESS for letter in word if letter.isalpha()
    )


def latin(word: str) -> str:
    """One word in Latin letters, small, without accents, without the Arabic article, which Latin
    spelling sets apart."""
    if word.isascii():
        return word
    word = _THAI_SILENT.sub("", word)
    if len(word) > len(_ARABIC_ARTICLE) + 2:
        word = word.removeprefix(_ARABIC_ARTICLE)
    return anyascii(word).lower()


def has_own_readings(text: str) -> bool:
    """Whether a name is written in characters that are read in several ways."""
    return not text.isascii() and any(_is_han(one) or _is_hangul(one) for one in text)


def readings(text: str) -> list[str]:
    """Every way to read a name of Chinese characters or Hangul, syllables apart; the likeliest
    first, at most READINGS_MAX."""
    letters = [letter for letter in text if not letter.isspace()]
    found: dict[str, None] = {}
    for ways in (_mandarin(letters), _korean(letters), _japanese(letters)):
        for way in islice(ways, READINGS_MAX):
            found[way] = None
    return list(found)[:READINGS_MAX]


def _mandarin(letters: list[str]) -> Iterator[str]:
    if any(_is_han(letter) for letter in letters):
        yield " ".join(latin(letter) for letter in letters)


def _korean(letters: list[str]) -> Iterator[str]:
    table = _han_readings()
    choices = [
        (letter,) if _is_hangul(letter) else table.get(letter, ((), ()))[0] for letter in letters
    ]
    if (
        not choices
        or not all(choices)
        or not all(_is_hangul(one) for ways in choices for one in ways)
    ):
        return
    for way in product(*choices):
        first, *rest = way
        told = [_syllable(one) for one in rest]
        if first in _FAMILY_NAMES:
            yield " ".join([_FAMILY_NAMES[first], *told])
        yield " ".join([_syllable(first), *told])


def _japanese(letters: list[str]) -> Iterator[str]:
    table = _han_readings()
    choices = [
        table.get(letter, ((), ()))[1] if _is_han(letter) else (latin(letter),)
        for letter in letters
    ]
    if any(_is_han(letter) for letter in letters) and all(choices):
        yield from (" ".join(way).replace("ou", "o") for way in product(*choices))


def _syllable(letter: str) -> str:
    place = ord(letter) - _HANGUL_FIRST
    initial, rest = divmod(place, 21 * 28)
    vowel, final = divmod(rest, 28)
    initials, vowels, finals = _hangul()
    return initials[initial] + vowels[vowel] + finals[final]


@cache
def _hangul() -> list[list[str]]:
    """Initials, vowels and finals in Unicode's order, by the Revised Romanization of Korean (2000),
    but with k and p for the plain initials, as names are written; "-" is silent."""
    text = (files(__package__) / "hangul.txt").read_text(encoding="utf-8")
    return [[part.strip("-") for part in line.split()] for line in text.splitlines()]


@cache
def _han_readings() -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """Korean (as Hangul) and Japanese readings of each character that names are written with."""
    lines = (files(__package__) / "han_readings.csv").read_text(encoding="utf-8").splitlines()
    rows = (line.split(",") for line in lines[1:])
    return {
        letter: (tuple(korean.split()), tuple(japanese.split()))
        for letter, korean, japanese in rows
    }


@cache
def _script(letter: str) -> str:
    return unicodedata.name(letter, "").partition(" ")[0]


def _is_han(letter: str) -> bool:
    return _script(letter) == "CJK"


def _is_hangul(letter: str) -> bool:
    return _HANGUL_FIRST <= ord(letter) <= _HANGUL_LAST
