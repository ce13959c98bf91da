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


def digest_of_bytes(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


_HARMLESS = frozenset({str, int, bool, type(None), date, datetime, UUID, Decimal})


def _is_plain(value: Any) -> bool:
    """True when it surely holds no float anywhere."""
    inside: Iterable[Any]
    if isinstance(value, msgspec.Struct):
        inside = [getattr(value, name) for name in value.__struct_fields__]
    elif isinstance(value, dict):
        inside = value.values()
    elif isinstance(value, list | tuple | set | frozenset):
        inside = value
    else:
        return isinstance(value, str) or value.__class__ in _HARMLESS
    return all(item.__class__ in _HARMLESS or _is_plain(item) for item in inside)


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
