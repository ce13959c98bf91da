"""Whose account it is: how the simulated bank compares a name with that of the holder."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import Final

MATCH: Final = "RCVC"
CLOSE_MATCH: Final = "RVMC"
NO_MATCH: Final = "RVNM"
NOT_POSSIBLE: Final = "RVNA"
_CLOSE: Final = 0.75


def verdict_on(name: str, holder: str) -> str:
    """Match, close match or no match by letters and digits alone, in any order of the words; not
    possible where the bank does not know the account."""
    if not holder:
        return NOT_POSSIBLE
    one, other = _words(name), _words(holder)
    if one == other:
        return MATCH
    alike = SequenceMatcher(None, " ".join(one), " ".join(other)).ratio()
    within = bool(one and other) and (set(one) <= set(other) or set(other) <= set(one))
    return CLOSE_MATCH if within or alike >= _CLOSE else NO_MATCH


def _words(text: str) -> list[str]:
    told = "".join(letter if letter.isalnum() else " " for letter in text.casefold())
    return sorted(told.split())
