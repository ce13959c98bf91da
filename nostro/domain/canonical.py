"""One way to write an object down, so that its digest means the same for ever and everywhere.

Canonical JSON: keys sorted, no spaces, UTF-8, integers and text only, dates as ISO 8601.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

_ENCODER = msgspec.json.Encoder(order="sorted", decimal_format="string", uuid_format="canonical")


def canonical(value: Any) -> bytes:
    """The canonical bytes of a struct, mapping, sequence or scalar. Raises TypeError on floats.

    Sets are written sorted: Python's own order of them differs from process to process.
    """
    if _is_plain(value):
        try:
            return _ENCODER.encode(value)  # The same bytes, without a copy of everything first.
        except TypeError:
            pass  # A mapping with other keys than text.
    _refuse_floats(plain := msgspec.to_builtins(value, str_keys=True, order="sorted"))
    return _ENCODER.encode(plain)


def digest(value: Any) -> str:
    """SHA-256 of the canonical bytes, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical(value)).hexdigest()


def digest_of_exact(value: Any) -> str:
    """The same digest for a value whose types hold no float anywhere: nothing is looked into."""
    return hashlib.sha256(_ENCODER.encode(value)).hexdigest()


def digest_of_bytes(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


_HARMLESS = frozenset({str, int, bool, type(None), date, datetime, UUID, Decimal})
_FLAT, _STRUCT, _MAPPING, _SEQUENCE, _UNKNOWN = range(5)


class _Kinds(dict[type, int]):
    """How each class of values is looked into for floats; found out once a class."""

    def __missing__(self, kind: type) -> int:
        if kind in _HARMLESS or issubclass(kind, str):
            found = _FLAT
        elif issubclass(kind, msgspec.Struct):
            found = _STRUCT
        elif issubclass(kind, dict):
            found = _MAPPING
        else:
            listed = issubclass(kind, list | tuple | set | frozenset)
            found = _SEQUENCE if listed else _UNKNOWN
        self[kind] = found
        return found


_KINDS = _Kinds()


def _is_plain(value: Any) -> bool:
    """True when it surely holds no float anywhere."""
    inside: Iterable[Any]
    kind = _KINDS[value.__class__]
    if kind == _FLAT:
        return True
    if kind == _STRUCT:
        inside = msgspec.structs.astuple(value)
    elif kind == _MAPPING:
        inside = value.values()
    elif kind == _SEQUENCE:
        inside = value
    else:
        return False
    for item in inside:  # noqa: SIM110 - a third faster than a generator.
        if _KINDS[item.__class__] != _FLAT and not _is_plain(item):
            return False
    return True


def _refuse_floats(value: Any) -> None:
    if isinstance(value, float):
        raise TypeError("a float has no canonical form; use whole minor units or text")
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, list | tuple):
        return
    for item in value:
        if item.__class__ not in _HARMLESS:
            _refuse_floats(item)
