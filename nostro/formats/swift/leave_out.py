"""Fields that may be left out knowingly, because a SWIFT format has no place for them.

Writers are strict: what they cannot carry is refused. A profile that names fields in `leave_out`
says that somebody decided to do without them.
"""

from __future__ import annotations

from functools import cache
from typing import Any, TypeVar

import msgspec

Record = TypeVar("Record", bound=msgspec.Struct)

# Fields that every record has, other than texts: what they are when there is nothing to say.
_EMPTY = {"created_at": None, "from_day": None, "to_day": None, "details": ()}


def without(record: Record, names: tuple[str, ...]) -> Record:
    """The record, and all records inside it, with these fields empty."""
    return _blank(record, frozenset(names)) if names else record


# To ask a struct for its fields takes longer than to write it.
_fields = cache(msgspec.structs.fields)


def _blank(record: Record, names: frozenset[str]) -> Record:
    changed: dict[str, Any] = {}
    for field in _fields(type(record)):
        value = getattr(record, field.name)
        if field.name in names:
            if field.default is not msgspec.NODEFAULT:
                changed[field.name] = field.default
            elif isinstance(value, str):
                changed[field.name] = ""
            elif field.name in _EMPTY:
                changed[field.name] = _EMPTY[field.name]
        elif isinstance(value, tuple) and value and isinstance(value[0], msgspec.Struct):
            changed[field.name] = tuple(_blank(inner, names) for inner in value)
    return msgspec.structs.replace(record, **changed) if changed else record
