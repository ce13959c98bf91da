"""Something a reader of a file must be told: a code, a sentence, where, and what to do."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Severity(StrEnum):
    ERROR = "error"  # The record cannot be used.
    WARNING = "warning"  # It was used; somebody should know.


class Location(msgspec.Struct, frozen=True, kw_only=True):
    """Where in the input: line (1-based), and the statement, entry or column when known."""

    line: int = 0
    column: str = ""
    path: str = ""

    def __str__(self) -> str:
        parts = [
            f"line {self.line}" if self.line else "",
            f"column {self.column}" if self.column else "",
            self.path,
        ]
        return ", ".join(part for part in parts if part)


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    code: str
    severity: Severity
    sentence: str
    can_do: str
    location: Location


class RejectedLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a list that cannot be used, beside the ones that can. `raw` is its text."""

    line: int
    code: str
    sentence: str
    can_do: str
    raw: str
