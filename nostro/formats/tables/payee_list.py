"""A list of payees as an ERP exports it: one line a payee, columns by the names in its first line.

`number`, `name` and `iban` are needed; `bic`, `street`, `post_code`, `town`, `country` and `email`
may be there. What is not understood refuses the file as a whole: half of it would mislead.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Final

from nostro.domain.errors import Invalid

NEEDED: Final = ("number", "name", "iban")
COLUMNS: Final = (*NEEDED, "bic", "street", "post_code", "town", "country", "email")
_BETWEEN: Final = ";,\t|"


def read(content: bytes) -> list[dict[str, str]]:
    """Each payee by column, the first of line 2. Raises Invalid, naming the line."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _unfit("It is no text in UTF-8.", "not_text") from None
    heading, _, rest = text.partition("\n")
    between = max(_BETWEEN, key=heading.count)
    names = next(csv.reader([heading.rstrip("\r")], delimiter=between), [])
    columns = [name.strip().lower().replace(" ", "_") for name in names]
    _check(columns)
    reader = csv.reader(io.StringIO(rest), delimiter=between)
    found = []
    for number, row in enumerate(reader, start=2):
        if reader.line_num != number - 1:
            raise _unfit(f"Line {number} goes over several lines.", "wrong_column_count")
        if len(row) != len(columns):
            told = f"Line {number} has {len(row)} columns, the first line {len(columns)}."
            raise _unfit(told, "wrong_column_count")
        found.append(dict(zip(columns, (cell.strip() for cell in row), strict=True)))
    if not found:
        raise _unfit("It names no payee.", "empty_file")
    return found


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
