"""Something a reader of a file must be told: a code, a sentence, where, and what to do."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Severity(StrEnum):
    ERROR = "error"  # The record cannot be used.
    WARNING = "warning"  # It was used; somebody should know.


class Location(msgspec.Struct, frozen=True, gc=False):
    """Where in the input: line (1-based), and the statement, entry or column when known.

    `column` is a number in texts and the column's title in lists. `offset` is the byte at which
    the record begins (0-based), for files without line ends; 0 when the reader does not count.
    """

    line: int = 0
    column: str = ""
    path: str = ""
    offset: int = 0

    def __str__(self) -> str:
        parts = [
            f"line {self.line}" if self.line else "",
            f"column {self.column}" if self.column else "",
            self.path,
        ]
        return ", ".join(part for part in parts if part)


NOWHERE = Location()


class Problem(msgspec.Struct, frozen=True):
    """`raw` is the text of the record in question, as far as it helps to find it."""

    code: str
    severity: Severity
    sentence: str
    can_do: str
    location: Location
    raw: str = ""


def warning(code: str, sentence: str, can_do: str, location: Location, raw: str = "") -> Problem:
    """Something was odd and was used all the same; somebody should know."""
    return Problem(code, Severity.WARNING, sentence, can_do, location, raw)


def error(code: str, sentence: str, can_do: str, location: Location, raw: str = "") -> Problem:
    """A record, or a total, that cannot be used."""
    return Problem(code, Severity.ERROR, sentence, can_do, location, raw)


class RejectedLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a list that cannot be used, beside the ones that can. `raw` is its text."""

    line: int
    code: str
    sentence: str
    can_do: str
    raw: str
