"""A rule's text cut into words, numbers, quoted texts and signs, each with its place."""

from __future__ import annotations

import re
from enum import StrEnum

import msgspec

from nostro.domain.errors import Invalid

TEXT_MAX = 1_000
_QUOTED = re.compile(r'"(?:[^"\\\n]|\\["\\])*"|\'(?:[^\'\\\n]|\\[\'\\])*\'')
_TOKEN = re.compile(
    rf"(?P<quoted>{_QUOTED.pattern})"
    r"|(?P<number>[0-9]+(?![0-9A-Za-z_.]))"
    r"|(?P<word>[A-Za-z_][A-Za-z_0-9]*)"
    r"|(?P<sign>&&|\|\||==|!=|<=|>=|[<>!().,\[\]-])"
)
_SPACE = re.compile(r"[ \t\r\n]*")
_ESCAPED = re.compile(r"\\(.)")
_NUMBER_MAX = 18  # Digits, as money has.


class Sort(StrEnum):
    QUOTED = "quoted"
    NUMBER = "number"
    WORD = "word"
    SIGN = "sign"
    END = "end"


class Token(msgspec.Struct, frozen=True):
    sort: Sort
    text: str  # Of a quoted text: without its quotes.
    at: int
    end: int


def cut(text: str) -> list[Token]:
    """The tokens of a rule, the end last. Raises Invalid (`rule_not_understood`)."""
    if len(text) > TEXT_MAX:
        raise fault(
            text, TEXT_MAX, f"is longer than {TEXT_MAX} characters", "Make two rules of it."
        )
    found, at = [], _past_space(text, 0)
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise _unreadable(text, at)
        found.append(_token(text, match))
        at = _past_space(text, match.end())
    return [*found, Token(Sort.END, "", len(text), len(text))]


def fault(text: str, at: int, what: str, can_do: str) -> Invalid:
    """What a person is told: the rule's text, what is wrong with it and where."""
    shown = text if len(text) <= 120 else f"{text[:120]}..."
    return Invalid(
        "rule_not_understood",
        f"The rule {shown!r} {what}.",
        "Nothing was asked for.",
        can_do,
        location=f"character {at + 1}",
        field="rules",
    )


def _past_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _token(text: str, match: re.Match[str]) -> Token:
    sort, said = Sort(match.lastgroup or ""), match.group()
    if sort is Sort.QUOTED:
        said = _ESCAPED.sub(r"\1", said[1:-1])
    if sort is Sort.NUMBER and len(said) > _NUMBER_MAX:
        raise fault(text, match.start(), f"has a number of {len(said)} digits", "Write at most 18.")
    return Token(sort, said, match.start(), match.end())


def _unreadable(text: str, at: int) -> Invalid:
    if text[at] in "\"'":
        return fault(text, at, "has a text that does not end", 'Close it: "like this".')
    if text[at].isdigit():
        return fault(
            text,
            at,
            "has a number that is not whole",
            'Write sums like eur("10000.00"), and other numbers without a point.',
        )
    instead = {"&": "&&", "|": "||", "=": "=="}.get(text[at])
    hint = f"Write {instead}." if instead else "Use &&, ||, !, ==, !=, <, <=, >, >= and in."
    return fault(text, at, f"has a sign that no rule has: {text[at]!r}", hint)
