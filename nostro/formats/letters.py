"""All texts of a record in the letters that another format carries; codes of standards stay.

Writers refuse foreign letters. Who has chosen to do without them (option `transliterate`) is told
which texts changed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from nostro.domain.money import Money
from nostro.domain.problem import Location, Problem
from nostro.formats.sepa_characters import transliterate

Record = TypeVar("Record", bound=msgspec.Struct)
_UNTOUCHED = (Location, Money, Problem)


def in_letters(record: Record, change: Callable[[str], str]) -> Record:
    """The record, and all records inside it, with every text changed; itself if none was."""
    changed = {}
    for name in record.__struct_fields__:
        value = getattr(record, name)
        other = _changed(value, change)
        if other is not value:
            changed[name] = other
    return msgspec.structs.replace(record, **changed) if changed else record


def _changed(value: Any, change: Callable[[str], str]) -> Any:
    if type(value) is str:
        other = change(value)
        return value if other == value else other
    if isinstance(value, tuple):
        others = tuple(_changed(one, change) for one in value)
        same = all(one is other for one, other in zip(value, others, strict=True))
        return value if same else others
    if isinstance(value, msgspec.Struct) and not isinstance(value, _UNTOUCHED):
        return in_letters(value, change)
    return value


def ascii_lines(text: str) -> str:
    """The text in plain ASCII: only letters that are none are replaced (`Müller`: `Muller`)."""
    if text.isascii():
        return text
    return "".join(one if one.isascii() else transliterate(one) or " " for one in text)
