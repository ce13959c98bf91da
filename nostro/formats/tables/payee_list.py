"""A list of payees as an ERP exports it: one line a payee, columns by the names in its first line.

`number`, `name` and `iban` are needed; `bic`, `street`, `post_code`, `town`, `country` and `email`
may be there. What is not understood refuses the file as a whole: half of it would mislead.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Final

import msgspec

from nostro.domain.errors import Invalid

NEEDED: Final = ("number", "name", "iban")
COLUMNS: Final = (*NEEDED, "bic", "street", "post_code", "town", "country", "email")
_BETWEEN: Final = ";,\t|"


class BadLine(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong in a file; `place` is the column's, from 1, and 0 for none."""

    line: int
    happened: str
    column: str = ""
    place: int = 0
    text: str = ""  # What stands there.


class PayeeList(msgspec.Struct, frozen=True, kw_only=True):
    """A file as read: each payee by column, those lines that cannot be read apart."""

    columns: tuple[str, ...]
    payees: tuple[tuple[int, dict[str, str]], ...]  # With the line in which each stands.
    bad: tuple[BadLine, ...] = ()

    def place(self, column: str) -> int:
        return self.columns.index(column) + 1 if column in self.columns else 0


def read(content: bytes) -> list[dict[str, str]]:
    """Each payee by column, the first of line 2. Raises Invalid, naming the line."""
    found = read_all(content)
    if found.bad:
        raise _unfit(found.bad[0].happened, "wrong_column_count")
    return [one for _, one in found.payees]


def read_all(content: bytes) -> PayeeList:
    """Every line, also behind one that cannot be read. Raises Invalid where the columns of the
    first line are not those of a list of payees, or nothing follows it."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _unfit("It is no text in UTF-8.", "not_text") from None
    heading, _, rest = text.partition("\n")
    between = max(_BETWEEN, key=heading.count)
    names = next(csv.reader([heading.rstrip("\r")], delimiter=between), [])
    columns = [name.strip().lower().replace(" ", "_") for name in names]
    _check(columns)
    payees, bad = _lines(rest, between, columns)
    if not payees and not bad:
        raise _unfit("It names no payee.", "empty_file")
    return PayeeList(columns=tuple(columns), payees=tuple(payees), bad=tuple(bad))


def _lines(
    rest: str, between: str, columns: Sequence[str]
) -> tuple[list[tuple[int, dict[str, str]]], list[BadLine]]:
    payees: list[tuple[int, dict[str, str]]] = []
    bad: list[BadLine] = []
    reader, line = csv.reader(io.StringIO(rest), delimiter=between), 1
    for row in reader:
        first, line = line + 1, reader.line_num + 1
        if first != line:
            bad.append(BadLine(line=first, happened=f"Line {first} goes over several lines."))
        elif len(row) != len(columns):
            told = f"Line {line} has {len(row)} columns, the first line {len(columns)}."
            bad.append(BadLine(line=line, happened=told))
        else:
            cells = (cell.strip() for cell in row)
            payees.append((line, dict(zip(columns, cells, strict=True))))
    return payees, bad


def _check(columns: Sequence[str]) -> None:
    unknown = [name for name in columns if name not in COLUMNS]
    missing = [name for name in NEEDED if name not in columns]
    if missing or len(set(columns)) != len(columns):
        told = f"Its first line has no column {missing[0]!r}." if missing else "A column repeats."
        raise _unfit(told, "missing_columns")
    if unknown:
        raise _unfit(f"There is no column {unknown[0][:40]!r}.", "missing_columns")


def _unfit(happened: str, code: str) -> Invalid:
    return Invalid(
        code,
        f"The file is no list of payees. {happened}",
        "Nothing was asked for.",
        f"Give one line a payee, with a first line of {', '.join(COLUMNS)}.",
    )
