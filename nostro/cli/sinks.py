"""What records become on their way out: lines of JSON, whole documents, rows in CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Any

from nostro.cli.output_file import Output
from nostro.domain import issued_check, payment_file, records, statement
from nostro.formats.tables.flat import STATEMENT_COLUMNS, Flattener, cells, titles

if TYPE_CHECKING:
    from nostro.cli.reading import Files, Tally

LINES_AT_ONCE = 500


class Shape(StrEnum):
    """What `--as` takes."""

    SUMMARY = "summary"
    JSONL = "jsonl"
    JSON = "json"
    CSV = "csv"
    PARQUET = "parquet"


def json_lines(files: Files, out: Output, tally: Tally) -> None:
    """Each record on a line, each file begun by a line that names it."""
    for about, found in files:
        waiting = [records.to_json(about)]
        for record in found:
            waiting.append(records.to_json(record))
            if len(waiting) >= LINES_AT_ONCE:
                out.stream.write(b"\n".join(waiting) + b"\n")
                waiting.clear()
        waiting.append(b"")
        out.stream.write(b"\n".join(waiting))


def json_documents(files: Files, out: Output, tally: Tally) -> None:
    """An array with one object for each file, whole statements and payment files inside it."""
    out.stream.write(b"[")
    before_file = b"\n"
    for about, found in files:
        out.stream.write(before_file + records.to_json(about)[:-1] + b',"documents":[')
        before = b"\n"
        for document in documents(found):
            out.stream.write(before + records.to_json(document))
            before = b",\n"
        out.stream.write(b"]}")
        before_file = b",\n"
    out.stream.write(b"\n]\n")


def documents(found: Iterator[Any]) -> Iterator[Any]:
    """Whole documents of one file's records, with their problems; memory is that of one of them."""
    return issued_check.assemble(payment_file.assemble(statement.assemble(found)))


def rows(files: Files, out: Output, tally: Tally, *, raw: bool = False) -> None:
    """CSV (RFC 4180, UTF-8): one row for each transaction detail or payment."""
    text = io.TextIOWrapper(out.stream, encoding="utf-8", errors="replace", newline="")
    writer = csv.writer(text, lineterminator="\n")
    flat = Flattener()
    begun = False
    for row in flat_rows(files, flat):
        columns = flat.columns or STATEMENT_COLUMNS
        if not begun:
            begun = True
            writer.writerow(titles(columns))
        writer.writerow(cells(row, columns, raw=raw))
    if not begun and flat.columns is not None:
        writer.writerow(titles(flat.columns))
    text.flush()
    text.detach()
    out.complete = not tally.refused_midway


def flat_rows(files: Files, flat: Flattener) -> Iterator[list[Any]]:
    """The rows of all files, one by one."""
    for about, found in files:
        flat.begin(about.name)
        for record in found:
            yield from flat.rows(record)


def sink_of(shape: Shape, *, raw: bool = False) -> Callable[[Files, Output, Tally], None]:
    """What writes a shape; the library of the rarer ones is loaded when they are asked for."""
    if shape is Shape.PARQUET:
        from nostro.cli.parquet import parquet

        return parquet
    if shape is Shape.SUMMARY:
        from nostro.cli.summary import summary

        return summary
    if shape is Shape.CSV:
        return partial(rows, raw=raw)
    return json_lines if shape is Shape.JSONL else json_documents
