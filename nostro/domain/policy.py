"""Rules of a customer that are data: kept version by version, each with the day it counts from."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar

import msgspec


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """What one kind of rules says. Every field has a default: what counts where nobody has said
    anything. A version is stored as it is, so a field is never given another meaning."""

    KIND: ClassVar[str]


P = TypeVar("P", bound=Policy)


class Version(msgspec.Struct, Generic[P], frozen=True, kw_only=True):
    """One version of a policy; number 0 is what counts where nobody has said anything.

    Of two versions the one with the later `valid_from` counts, once that is reached.
    """

    number: int
    content: P
    valid_from: datetime | None
    changed_by: str
    reason: str


class SaidVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One version in the words that people read: each part by its name, as plain data."""

    number: int
    says: dict[str, Any]
    valid_from: datetime | None
    changed_by: str
    reason: str


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """What rules are of: a bank, say. `id` is "" for the rules of the customer as a whole."""

    id: str = ""
    name: str = ""


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """An example beside rules: what is expected of them, and what they make of it now."""

    name: str
    expected: str
    found: str

    @property
    def holds(self) -> bool:
        return self.expected == self.found
