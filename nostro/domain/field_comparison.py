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
    """A value as people read it; lines are kept apart by line ends."""
    if value in _NOTHING:
        return ""
    if isinstance(value, str | int | date):
        return str(value)
    if isinstance(value, Money):
        return str(value)
    if isinstance(value, tuple):
        return "\n".join(map(text_of, value))
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
    if not a or not b:
        return Weight.DIFFERENT
    if _written_alike(name, a, b):
        return Weight.EXPECTED
    if name in _TEXTS and _spelled(a, spellings) & _spelled(b, spellings):
        return Weight.LETTERS
    return Weight.DIFFERENT


def _written_alike(name: str, a: str, b: str) -> bool:
    """The same but for white space, broken lines, capitals of an account, XXX of a head office."""
    if name in _ACCOUNTS:
        return "".join(a.split()).upper() == "".join(b.split()).upper()
    if name == "bic":
        return _head_office(a) == _head_office(b)
    return bool(_unbroken(a) & _unbroken(b))


def _unbroken(text: str) -> set[str]:
    """The text as one line with single spaces; a line may have been broken inside a word."""
    return {" ".join(text.replace("\n", joint).split()) for joint in ("", " ")}


def _spelled(text: str, spellings: Sequence[Callable[[str], str]]) -> set[str]:
    return {way(line).casefold() for line in _unbroken(text) for way in spellings}


def _head_office(bic: str) -> str:
    return bic.upper().removesuffix("XXX") if len(bic) == 11 else bic.upper()
