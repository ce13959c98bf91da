"""Two values of one field, as far as they differ: down to the single text, number or day."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from enum import StrEnum
from typing import Any

import msgspec

from nostro.domain.money import Money
from nostro.domain.problem import Location

_NOTHING: tuple[Any, ...] = (None, "", ())
# Texts for people; everything else (accounts, ids, codes) must be the same letter for letter.
_TEXTS = {
    "name", "department", "sub_department", "street", "building_name", "town", "town_location",
    "district", "subdivision", "lines", "remittance", "branch", "text",
}  # fmt: skip
_ACCOUNTS = {"iban", "number", "member_id", "clearing_system"}


class Weight(StrEnum):
    """What a difference means to who compares."""

    DIFFERENT = "different"
    LETTERS = "letters"  # The same text in other letters: Müller, Mueller.
    EXPECTED = "expected"  # Another way to write the same, or an id that is always new.


class Difference(msgspec.Struct, frozen=True, gc=False):
    """One field. `path` names it in our records, "" is a field that is not filled in."""

    path: str
    a: str
    b: str
    weight: Weight


def differences(
    path: str, a: Any, b: Any, spellings: Sequence[Callable[[str], str]] = ()
) -> Iterator[Difference]:
    """What differs between two values of the field `path`, the parts of a struct one by one."""
    if a == b or (a in _NOTHING and b in _NOTHING):
        return
    if _parts(a) and (b in _NOTHING or type(a) is type(b)):
        yield from _of_parts(path, type(a), a, b, spellings)
    elif _parts(b) and a in _NOTHING:
        yield from _of_parts(path, type(b), a, b, spellings)
    elif _records(a) and _records(b) and len(a) == len(b):
        for number, (one, other) in enumerate(zip(a, b, strict=True), 1):
            yield from differences(f"{path}[{number}]", one, other, spellings)
    else:
        left, right = text_of(a), text_of(b)
        yield Difference(path, left, right, _weight(path, left, right, spellings))


def _of_parts(
    path: str, kind: Any, a: Any, b: Any, spellings: Sequence[Callable[[str], str]]
) -> Iterator[Difference]:
    for name in kind.__struct_fields__:
        left, right = getattr(a, name, ""), getattr(b, name, "")
        if left != right and not isinstance(left or right, Location):
            yield from differences(f"{path}.{name}", left, right, spellings)


def text_of(value: Any) -> str:
    """A value as people read it."""
    if value in _NOTHING:
        return ""
    if isinstance(value, str | int | date):
        return str(value)
    if isinstance(value, Money):
        return str(value)
    if isinstance(value, tuple):
        return " / ".join(map(text_of, value))
    told = (
        text_of(getattr(value, name))
        for name in value.__struct_fields__
        if not isinstance(getattr(value, name), Location)
    )
    return ", ".join(one for one in told if one)


def leaf(record: Any, path: str) -> str:
    """The text of the field that a path names, "" when it is not filled in."""
    for name in path.split("."):
        name, bracket, number = name.partition("[")
        record = getattr(record, name, None)
        if bracket:
            place = int(number.rstrip("]")) - 1
            record = record[place] if record and len(record) > place else None
        if record is None:
            return ""
    return text_of(record)


def _parts(value: Any) -> bool:
    return isinstance(value, msgspec.Struct) and not isinstance(value, Money)


def _records(value: Any) -> bool:
    return isinstance(value, tuple) and any(isinstance(one, msgspec.Struct) for one in value)


def _weight(path: str, a: str, b: str, spellings: Sequence[Callable[[str], str]]) -> Weight:
    name = path.rpartition(".")[2].partition("[")[0]
    if _written_alike(name, a, b):
        return Weight.EXPECTED
    if name in _TEXTS and {_bare(way(a)) for way in spellings} & {_bare(way(b)) for way in spellings}:
        return Weight.LETTERS
    return Weight.DIFFERENT


def _written_alike(name: str, a: str, b: str) -> bool:
    """The same but for white space, broken lines, capitals of an account, XXX of a head office."""
    left, right = _bare(a), _bare(b)
    if name in _TEXTS:
        return bool(left) and left == right
    if name in _ACCOUNTS:
        return bool(left) and left.upper() == right.upper()
    if name == "bic":
        return bool(a and b) and _head_office(a) == _head_office(b)
    return a.split() == b.split()


def _bare(text: str) -> str:
    return "".join(text.replace(" / ", "").split())


def _head_office(bic: str) -> str:
    return bic.upper().removesuffix("XXX") if len(bic) == 11 else bic.upper()
