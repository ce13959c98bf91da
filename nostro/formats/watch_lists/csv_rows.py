"""The rows of a list that is a table, each with its line, read as text that cannot hurt."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import BinaryIO

from nostro.domain.errors import Invalid
from nostro.formats import Profile
from nostro.formats.source import Lines
from nostro.formats.watch_lists import KEPT


def rows(stream: BinaryIO, separator: str = ",") -> Iterator[tuple[int, list[str]]]:
    """(line, cells) of each row that says anything; raises Invalid as `Lines` does, and
    `watch_list_entry_wrong` for a quotation mark that never ends."""
    source = Lines(stream, Profile())
    reader = csv.reader((f"{text}\n" for _, text in source), delimiter=separator, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise wrong(line, f"is no row of a table ({error})") from None
        if any(cell.strip(" \x1a") for cell in cells):
            yield line, cells


def named(found: tuple[int, list[str]], columns: list[str]) -> dict[str, str]:
    """A row by the names of its columns, small; raises Invalid when it has too few or too many."""
    line, cells = found
    if len(cells) != len(columns):
        raise wrong(line, f"has {len(cells)} columns, not {len(columns)}")
    return {column: cell.strip() for column, cell in zip(columns, cells, strict=True)}


def wrong(line: int, what: str) -> Invalid:
    return Invalid(
        "watch_list_entry_wrong",
        f"Line {line} {what}.",
        KEPT,
        "Fetch the list again; if it is as published, tell us: its format has changed.",
        location=f"line {line}",
    )
