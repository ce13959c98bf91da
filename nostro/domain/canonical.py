"""One way to write an object down, so that its digest means the same for ever and everywhere.

Canonical JSON: keys sorted, no spaces, UTF-8, integers and text only, dates as ISO 8601.
"""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

_ENCODER = msgspec.json.Encoder(order="sorted", decimal_format="string", uuid_format="canonical")


def canonical(value: Any) -> bytes:
    """The canonical bytes of a struct, mapping, sequence or scalar. Raises TypeError on floats.

    Sets are written sorted: Python's own order of them differs from process to process.
    """
    _refuse_floats(plain := msgspec.to_builtins(value, str_keys=True, order="sorted"))
    return _ENCODER.encode(plain)


def digest(value: Any) -> str:
    """SHA-256 of the canonical bytes, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical(value)).hexdigest()


def digest_of_bytes(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


_HARMLESS = frozenset({str, int, bool, type(None)})


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
