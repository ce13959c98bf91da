"""One condition as people write it in a rule: `currency == "EUR" && amount >= eur("10000.00")`.

The language is a part of the Common Expression Language (CEL): comparisons, `in`, `&&`, `||`, `!`,
brackets, and texts that start, end or contain. There are no loops and no arithmetic, so the work
is bounded by the length of the text. Names, types and sums are checked when a rule is read; what
was read can be worked out on any payment and cannot fail.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, Final

from nostro.domain.currency import EXPONENT
from nostro.domain.errors import Invalid
from nostro.domain.money import Money
from nostro.domain.rules.constants import METHODS, day_said, money_said
from nostro.domain.rules.tokens import Sort, Token, cut, fault

DEPTH_MAX = 20
PARTS_MAX = 100
LIST_MAX = 100

Facts = Mapping[str, Any]


class Kind(StrEnum):
    """What a value is; values of different kinds are never compared."""

    TEXT = "text"
    NUMBER = "whole number"
    MONEY = "sum of money"
    DAY = "day"
    TRUTH = "yes or no"


Vocabulary = Mapping[str, Kind]

_ORDER: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_SAME: Final[Mapping[str, Callable[[Any, Any], bool]]] = {"==": operator.eq, "!=": operator.ne}
_ORDERED: Final = (Kind.NUMBER, Kind.MONEY, Kind.DAY)
_MACROS: Final = frozenset({"all", "exists", "exists_one", "map", "filter", "has"})
_RESERVED: Final = {"true": True, "false": False}


class Part:
    """A checked piece of an expression: what kind of value it gives, and how."""

    __slots__ = ("at", "constant", "end", "kind", "run")

    def __init__(self, kind: Kind, at: int, end: int, run: Callable[[Facts], Any]) -> None:
        self.kind, self.at, self.end, self.run = kind, at, end, run
        self.constant = False


class Expression:
    """A condition that was read and checked against a vocabulary."""

    __slots__ = ("_whole", "names", "parts", "text")

    def __init__(self, text: str, whole: Part | None, parts: list[Part], names: set[str]) -> None:
        self.text = text
        self._whole = whole
        self.parts = parts  # What all must be so, when the condition is joined by && at the top.
        self.names = frozenset(names)

    def holds(self, facts: Facts) -> bool:
        """Whether it is so; `facts` has a value of the right kind for each name asked about."""
        return self._whole is None or bool(self._whole.run(facts))

    def failing(self, facts: Facts) -> str:
        """The first part, as written, that is not so; "" where all is so."""
        for part in self.parts:
            if not part.run(facts):
                return self.text[part.at : part.end]
        return ""


def read(text: str, vocabulary: Vocabulary) -> Expression:
    """Read and check a condition; an empty one is always so.

    Raises Invalid (`rule_not_understood`) with the character where it goes wrong.
    """
    tokens = cut(text)
    if len(tokens) == 1:
        return Expression(text, None, [], set())
    return _Reader(text, tokens, vocabulary).whole()


class _Reader:
    """Reads one text from left to right (recursive descent) and checks kinds on the way."""

    def __init__(self, text: str, tokens: list[Token], vocabulary: Vocabulary) -> None:
        self._text, self._tokens, self._vocabulary = text, tokens, vocabulary
        self._place = self._depth = self._count = 0
        self._names: set[str] = set()

    def whole(self) -> Expression:
        parts = self._either_parts()
        whole = _joined("||", parts)
        self._want_truth(whole)
        if self._next.sort is not Sort.END:
            raise self._fault(
                self._next.at,
                f"goes on with {self._next.text!r} where it should end",
                "Join conditions with && or ||, and put brackets around what belongs together.",
            )
        conjuncts = self._last_conjuncts if len(parts) == 1 else [whole]
        return Expression(self._text, whole, conjuncts, self._names)

    @property
    def _next(self) -> Token:
        return self._tokens[self._place]

    def _take(self, *signs: str) -> Token | None:
        token = self._next
        if token.sort not in (Sort.SIGN, Sort.WORD) or token.text not in signs:
            return None
        self._place += 1
        return token

    def _need(self, sign: str) -> Token:
        token = self._take(sign)
        if token is None:
            found = repr(self._next.text) if self._next.text else "its end"
            raise self._fault(
                self._next.at, f"has {found} where {sign!r} is missing", f"Add {sign}."
            )
        return token

    def _fault(self, at: int, what: str, can_do: str) -> Invalid:
        return fault(self._text, at, what, can_do)

    def _part(self, kind: Kind, at: int, end: int, run: Callable[[Facts], Any]) -> Part:
        self._count += 1
        if self._count > PARTS_MAX:
            raise self._fault(at, f"has more than {PARTS_MAX} parts", "Make two rules of it.")
        return Part(kind, at, end, run)

    def _want_truth(self, part: Part) -> None:
        if part.kind is not Kind.TRUTH:
            said = self._text[part.at : part.end]
            raise self._fault(
                part.at,
                f"asks for no condition: {said} is a {part.kind}",
                f"Compare it, like {said} == ...",
            )

    def _either(self) -> Part:
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise self._fault(
                self._next.at, f"has more than {DEPTH_MAX} brackets in each other", "Make it flat."
            )
        part = _joined("||", self._either_parts())
        self._depth -= 1
        return part

    def _either_parts(self) -> list[Part]:
        parts = [self._both()]
        while self._take("||"):
            parts.append(self._both())
        if len(parts) > 1:
            for part in parts:
                self._want_truth(part)
        return parts

    def _both(self) -> Part:
        parts = [self._compared()]
        while self._take("&&"):
            parts.append(self._compared())
        if len(parts) > 1:
            for part in parts:
                self._want_truth(part)
        self._last_conjuncts = parts
        return _joined("&&", parts)

    def _compared(self) -> Part:
        left = self._single()
        sign = self._take(*_ORDER, *_SAME, "in")
        if sign is None:
            return left
        if sign.text == "in":
            return self._among(left)
        right = self._single()
        if self._next.text in (*_ORDER, *_SAME) and self._next.sort is Sort.SIGN:
            raise self._fault(self._next.at, "compares twice in a row", "Join comparisons with &&.")
        self._check_kinds(left, sign, right)
        compare = _ORDER.get(sign.text) or _SAME[sign.text]
        if sign.text in _ORDER and left.kind is Kind.MONEY:
            compare = _in_one_currency(compare)
        run = _comparison(compare, left.run, right.run)
        return self._part(Kind.TRUTH, left.at, right.end, run)

    def _check_kinds(self, left: Part, sign: Token, right: Part) -> None:
        if left.kind is not right.kind:
            hint = 'Write sums like eur("10000.00") and days like day("2026-12-31").'
            raise self._fault(
                sign.at, f"compares a {left.kind} with a {right.kind} by {sign.text}", hint
            )
        if sign.text in _ORDER and left.kind not in _ORDERED:
            raise self._fault(
                sign.at,
                f"asks by {sign.text} which {left.kind} is larger",
                "Only sums, whole numbers and days have an order; use == or in.",
            )

    def _among(self, left: Part) -> Part:
        start = self._need("[")
        members = [self._constant(left)]
        while self._take(","):
            members.append(self._constant(left))
        end = self._need("]")
        if len(members) > LIST_MAX:
            raise self._fault(
                start.at, f"has a list of more than {LIST_MAX}", "Make two rules of it."
            )
        found, run = frozenset(member.run({}) for member in members), left.run
        return self._part(Kind.TRUTH, left.at, end.end, lambda facts: run(facts) in found)

    def _constant(self, like: Part) -> Part:
        part = self._single()
        if part.constant and part.kind is like.kind:
            return part
        said = self._text[part.at : part.end]
        raise self._fault(
            part.at, f"has {said} in a list of {like.kind}s", f"Write every {like.kind} itself."
        )

    def _single(self) -> Part:
        if sign := self._take("!"):
            part = self._deeper(self._single)
            self._want_truth(part)
            run = part.run
            return self._part(Kind.TRUTH, sign.at, part.end, lambda facts: not run(facts))
        if sign := self._take("-"):
            return self._negative(sign)
        part = self._primary()
        while self._take("."):
            part = self._method(part)
        return part

    def _deeper(self, reads: Callable[[], Part]) -> Part:
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise self._fault(
                self._next.at, f"says ! more than {DEPTH_MAX} times", "Leave them out."
            )
        part = reads()
        self._depth -= 1
        return part

    def _negative(self, sign: Token) -> Part:
        token = self._next
        if token.sort is not Sort.NUMBER:
            raise self._fault(sign.at, "has a minus before what is no number", "Leave it out.")
        self._place += 1
        return self._literal(Kind.NUMBER, sign.at, token.end, -int(token.text))

    def _literal(self, kind: Kind, at: int, end: int, value: Any) -> Part:
        part = self._part(kind, at, end, lambda _: value)
        part.constant = True
        return part

    def _primary(self) -> Part:
        token = self._next
        if opened := self._take("("):
            inner = self._either()
            closed = self._need(")")
            part = Part(inner.kind, opened.at, closed.end, inner.run)
            part.constant = inner.constant
            return part
        self._place += token.sort is not Sort.END
        if token.sort is Sort.NUMBER:
            return self._literal(Kind.NUMBER, token.at, token.end, int(token.text))
        if token.sort is Sort.QUOTED:
            return self._literal(Kind.TEXT, token.at, token.end, token.text)
        if token.sort is Sort.WORD and token.text != "in":
            return self._word(token)
        found = repr(token.text) if token.text else "its end"
        raise self._fault(
            token.at, f"has {found} where a value is missing", "Say what is compared with what."
        )

    def _word(self, token: Token) -> Part:
        if token.text in _RESERVED:
            return self._literal(Kind.TRUTH, token.at, token.end, _RESERVED[token.text])
        if self._next.text == "(" and self._next.sort is Sort.SIGN:
            return self._call(token)
        kind = self._vocabulary.get(token.text)
        if kind is None:
            return self._unknown(token)
        self._names.add(token.text)
        return self._part(kind, token.at, token.end, operator.itemgetter(token.text))

    def _unknown(self, token: Token) -> Part:
        near = get_close_matches(token.text, self._vocabulary, n=1)
        meant = f"Did you mean {near[0]}? " if near else ""
        raise self._fault(
            token.at,
            f"asks about {token.text}, which is not known",
            f"{meant}There are: {', '.join(sorted(self._vocabulary))}.",
        )

    def _call(self, name: Token) -> Part:
        """`eur("10000.00")` and `day("2026-12-31")`: worked out once, while reading."""
        if name.text in _MACROS:
            raise self._fault(
                name.at, f"uses {name.text}, which goes through lists", "Compare values."
            )
        currency = name.text.upper()
        is_money = currency in EXPONENT and name.text.islower()
        if not is_money and name.text != "day":
            raise self._fault(
                name.at,
                f"calls {name.text}, which is not known",
                'There are sums like eur("10000.00") or usd("1.00"), and day("2026-12-31").',
            )
        self._need("(")
        said = self._quoted(name)
        closed = self._need(")")
        try:
            value: Any = money_said(said.text, currency) if is_money else day_said(said.text)
        except Invalid as error:
            raise self._fault(said.at, f"is wrong: {error.happened}", error.can_do) from None
        kind = Kind.MONEY if is_money else Kind.DAY
        return self._literal(kind, name.at, closed.end, value)

    def _method(self, of: Part) -> Part:
        name = self._next
        self._place += name.sort is not Sort.END
        if name.text not in METHODS or name.sort is not Sort.WORD or of.kind is not Kind.TEXT:
            raise self._fault(
                name.at,
                f"asks {name.text or 'nothing'} of a {of.kind}",
                f"Of a text one can ask: {', '.join(METHODS)}.",
            )
        self._need("(")
        said = self._quoted(name)
        closed = self._need(")")
        method, run, value = METHODS[name.text], of.run, said.text
        return self._part(Kind.TRUTH, of.at, closed.end, lambda facts: method(run(facts), value))

    def _quoted(self, name: Token) -> Token:
        token = self._next
        if token.sort is not Sort.QUOTED:
            raise self._fault(
                token.at,
                f"gives {name.text} something that is no text in quotes",
                f'Write {name.text}("...").',
            )
        self._place += 1
        return token


def _joined(sign: str, parts: list[Part]) -> Part:
    if len(parts) == 1:
        return parts[0]
    runs = tuple(part.run for part in parts)
    is_all = sign == "&&"

    def run(facts: Facts) -> bool:
        return all(one(facts) for one in runs) if is_all else any(one(facts) for one in runs)

    return Part(Kind.TRUTH, parts[0].at, parts[-1].end, run)


def _comparison(
    compare: Callable[[Any, Any], bool],
    left: Callable[[Facts], Any],
    right: Callable[[Facts], Any],
) -> Callable[[Facts], bool]:
    return lambda facts: compare(left(facts), right(facts))


def _in_one_currency(compare: Callable[[Any, Any], bool]) -> Callable[[Money, Money], bool]:
    """A sum is neither above nor below one in another currency: nothing is ever converted."""

    def within(left: Money, right: Money) -> bool:
        return left.currency == right.currency and compare(left.minor, right.minor)

    return within
