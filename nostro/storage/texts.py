"""Words in stored values: whether somebody is named in them, and the same without any word."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

ERASED: Final = "erased"  # Stands in place of every word that was there.


def emptied(value: Any) -> Any:
    """The same value with each of its texts replaced; keys, numbers and shape stay."""
    if isinstance(value, str):
        return ERASED if value else ""
    if isinstance(value, list):
        return [emptied(one) for one in value]
    if isinstance(value, dict):
        return {key: emptied(one) for key, one in value.items()}
    return value


def mentions(value: Any, words: Collection[str]) -> bool:
    """Whether one of these words stands anywhere in a text, a list or an object."""
    if isinstance(value, str):
        return any(word in value for word in words)
    if isinstance(value, list):
        return any(mentions(one, words) for one in value)
    if isinstance(value, dict):
        return any(mentions(one, words) for one in value.values())
    return False


def without(value: Any, words: Collection[str]) -> Any:
    """The same value, with every line of its lists emptied that mentions one of these words."""
    if isinstance(value, list):
        return [emptied(one) if mentions(one, words) else one for one in value]
    if isinstance(value, dict):
        return {key: without(one, words) for key, one in value.items()}
    return ERASED if mentions(value, words) else value
