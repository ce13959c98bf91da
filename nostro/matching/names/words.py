"""A name as words that can be compared: without case, accents, legal forms and particles."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final

import msgspec

from nostro.matching.names import scripts

NAME_LETTERS_MAX = 500  # Longer is no name; what is beyond is not compared.
_JOINS = re.compile(r"[.'`´ʻʼʽʾʿ‘’＇]+")
_BREAKS = re.compile(r"[\W_]+")
_LEGAL_FORM = "legal_form"
_SOUNDS: Final = (
    # The usual variants of transliteration and of spelling, to one spelling; order matters.
    ("tch", "ch"), ("sch", "sh"), ("dzh", "j"), ("zh", "j"), ("dj", "j"), ("kh", "h"), ("gh", "g"),
    ("th", "t"), ("dh", "d"), ("ph", "f"), ("ck", "k"), ("x", "ks"), ("q", "k"), ("w", "v"),
    ("ce", "se"), ("ci", "si"), ("cy", "si"), ("ch", "C"), ("c", "k"), ("C", "ch"),
    ("tz", "ts"), ("ou", "u"), ("oo", "u"), ("eu", "u"), ("ue", "u"), ("ee", "i"), ("eo", "o"),
    ("oe", "o"), ("ae", "a"), ("y", "i"), ("ie", "i"), ("ei", "i"),
)  # fmt: skip
_DOUBLED = re.compile(r"(.)\1+")
_VOWELS = re.compile(r"[aeiou]+")
_SOFT_J = re.compile(r"(?<=[aeo])j$|(?<=[dlnrstv])j(?=[aeou])")  # German and Slavic: "Sergej".
# Russian "е" and "ё" are written with a y or without: Yegorov, Zuyev, Vorobyov. Only where few
# other languages have it: Pyong does not become Peng, Ryota not Reta.
_SLAVIC_E = re.compile(
    r"^y(?=e[b-df-hj-np-tv-xz]\w\w)|y(?=ev(?:a|ich|na|sk\w*)?$)"
    r"|(?<=[bdflmnpstvz])yo(?=va?$|d|tr$|m$)"
)
_CLASSES: Final = str.maketrans("bdgqczjv", "ptkkkssf", "h")
# Consonants as scripts without vowels tell them: w and y may be vowels there, p and f one letter.
_BARE: Final = str.maketrans("bdfgqczj", "ptpkkkss", "aeiouhvwy")


class Word(msgspec.Struct, frozen=True):
    """One word of a name. `text` in Latin letters, `sound` with spellings of one sound made one,
    `bones` its consonants; `vowelless` words were written without vowels and have only these.

    `coarse` are the consonants by kinds of sound: words that are alike share them but for one.
    `bare` are those that a script without vowels tells for sure.
    """

    text: str
    sound: str
    bones: str
    coarse: str
    bare: str
    vowelless: bool = False

    @property
    def key(self) -> str:
        """Tells words apart."""
        return f"{self.text}*" if self.vowelless else self.text


class SpelledName(msgspec.Struct, frozen=True):
    """One way to read a name. `joined` are its words as one, in the orders it may be said;
    `is_company` says that a legal form stood in it."""

    words: tuple[Word, ...]
    joined: tuple[Word, ...]
    is_company: bool


def spelled(name: str) -> tuple[SpelledName, ...]:
    """Every way to read a name, the likeliest first; empty when nothing of it can be compared.

    A comma says that a family name stands before it, as lists write persons.
    """
    text, was_company = scripts.without_legal_form(
        unicodedata.normalize("NFKC", name[:NAME_LETTERS_MAX])
    )
    if scripts.has_own_readings(text):
        ways = [_one(reading, was_company) for reading in _own_readings(text)]
    else:
        ways = [_one(text, was_company)]
    return tuple(way for way in ways if way.words)


def _own_readings(text: str) -> list[str]:
    """Names of Chinese characters or Hangul; other words within them stay as they are."""
    parts = _BREAKS.split(text.casefold())
    own = "".join(part for part in parts if scripts.has_own_readings(part))
    rest = " ".join(part for part in parts if part and not scripts.has_own_readings(part))
    return [f"{reading} {rest}" for reading in scripts.readings(own)]


def _one(text: str, was_company: bool) -> SpelledName:
    before, comma, after = text.casefold().partition(",")
    family = _tokens(before) if comma else []
    all_tokens = family + _tokens(after) if comma else _tokens(before)
    tells_nothing = _words_that_tell_nothing()
    kept = [one for one in all_tokens if tells_nothing.get(scripts.latin(one)) != _LEGAL_FORM]
    is_company = was_company or len(kept) < len(all_tokens)
    telling = [token for token in kept if token not in tells_nothing]
    told = telling or kept or all_tokens
    words = tuple(found for found in map(word, told) if found.sound)
    return SpelledName(words, _joined(words, sum(token in told for token in family)), is_company)


def _joined(words: tuple[Word, ...], family: int) -> tuple[Word, ...]:
    """The words as one: as written, and with the family name at the end."""
    if not words:
        return ()
    orders = [words, words[family:] + words[:family]] if family else [words]
    vowelless = any(one.vowelless for one in words)
    return tuple(
        dict.fromkeys(
            _word("".join(one.text for one in order), vowelless=vowelless) for order in orders
        )
    )


def _tokens(text: str) -> list[str]:
    text = _JOINS.sub("", text)
    if text.isascii():
        return [part for part in _BREAKS.split(text) if part]
    # Marks belong to their letter: many scripts write vowels so.
    return "".join(one if _is_letter(one) else " " for one in text).split()


def _is_letter(one: str) -> bool:
    return one.isalnum() or unicodedata.category(one).startswith("M")


@lru_cache(maxsize=200_000)
def word(token: str) -> Word:
    """One word of any script that has one reading, in small letters."""
    text = "".join(letter for letter in scripts.latin(token) if letter.isalnum())
    return _word(text, vowelless=scripts.is_vowelless(token))


def _word(text: str, *, vowelless: bool = False) -> Word:
    heard = sound(text)
    bones = _VOWELS.sub("", heard)
    bare = _DOUBLED.sub(r"\1", text).replace("x", "ks").translate(_BARE)
    return Word(text, heard, bones, bones.translate(_CLASSES), bare, vowelless)


def sound(text: str) -> str:
    """A word of Latin letters with the spellings of one sound made one: "Khaled" as "haled"."""
    text = _SLAVIC_E.sub(lambda found: "e" if found[0] == "yo" else "", _SOFT_J.sub("i", text))
    for spelling, same in _SOUNDS:
        if spelling in text:
            text = text.replace(spelling, same)
    return _DOUBLED.sub(r"\1", text)


@cache
def _words_that_tell_nothing() -> dict[str, str]:
    """Legal forms, particles and titles: no name differs from another one by them alone."""
    text = (files(__package__) / "words_that_tell_nothing.csv").read_text(encoding="utf-8")
    rows = (line.split(",") for line in text.splitlines()[1:])
    return dict(rows)
