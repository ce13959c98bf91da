"""Rows as Parquet: amounts in whole minor units beside their currency, written group by group."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars
from polars.io.plugins import register_io_source

from nostro.cli.output_file import Output
from nostro.cli.sinks import flat_rows
from nostro.domain.money import Money
from nostro.formats.tables.flat import STATEMENT_COLUMNS, Columns, Flattener, titles

if TYPE_CHECKING:
    from nostro.cli.reading import Files, Tally

GROUP_ROWS = 50_000
_TYPES = {
    "text": polars.String,
    "number": polars.Int64,
    "day": polars.Date,
    "flag": polars.Boolean,
}


def parquet(files: Files, out: Output, tally: Tally) -> None:
    """One row for each transaction detail or payment; memory is that of one group of rows."""
    flat = Flattener()
    found = flat_rows(files, flat)
    first = list(islice(found, 1))  # Only now it is known what the rows are of.
    columns = flat.columns or STATEMENT_COLUMNS
    failed: list[BaseException] = []

    def groups(*_: Any) -> Iterator[polars.DataFrame]:
        rows = chain(first, found)
        try:
            while group := list(islice(rows, GROUP_ROWS)):
                yield _frame(group, columns)
        except BaseException as error:
            failed.append(error)  # What comes out of the library does not say what went wrong.
            raise

    with tempfile.TemporaryDirectory() as folder:
        # Without a name of its own (stdout), the file is made whole before it is handed on.
        path = out.path or Path(folder) / "rows.parquet"
        frames = register_io_source(groups, schema=_schema(columns))
        try:
            frames.sink_parquet(path, row_group_size=GROUP_ROWS)
        except Exception:
            if failed:
                raise failed[0] from None
            raise
        if out.path is None:
            with path.open("rb") as made:
                shutil.copyfileobj(made, out.stream)
    out.complete = not tally.refused_midway


def _schema(columns: Columns) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, kind in columns:
        if kind == "money":
            amount, currency = titles(((name, kind),))
            found |= {f"{amount}_minor": polars.Int64, currency: polars.String}
        else:
            found[name] = _TYPES[kind]
    return found


def _frame(rows: list[list[Any]], columns: Columns) -> polars.DataFrame:
    schema = _schema(columns)
    told: list[list[Any]] = []
    for (_, kind), values in zip(columns, zip(*rows, strict=True), strict=True):
        if kind == "money":
            told.append([_minor(value) for value in values])
            told.append([value and value.currency for value in values])
        else:
            told.append(list(values))
    series = [
        polars.Series(name, values, dtype=kind)
        for (name, kind), values in zip(schema.items(), told, strict=True)
    ]
    return polars.DataFrame(series)


def _minor(value: Money | None) -> int | None:
    return None if value is None else value.minor
