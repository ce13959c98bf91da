"""The tables of `nostro match`, read from CSV or Parquet: columns by a profile, errors by line."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from nostro.domain.errors import Invalid
from nostro.matching.stages import tables

Typed = Callable[[pl.LazyFrame], pl.LazyFrame]


class Table(NamedTuple):
    """One kind of table: our columns, those that must be there, and how a row is understood."""

    name: str
    columns: tuple[str, ...]
    needs: tuple[str, ...]
    typed: Typed
    # What of a typed row is null where the text of a column cannot be read.
    unread: Mapping[str, str]


TRANSACTIONS = Table(
    "transactions", tables.TRANSACTION_COLUMNS, tables.TRANSACTION_NEEDS, tables.transactions,
    {"day": "booking_date", "cur": "currency", "amount": "amount", "charges": "charges",
     "oamount": "original_amount"},
)  # fmt: skip
OPEN_ITEMS = Table(
    "open_items", tables.ITEM_COLUMNS, tables.ITEM_NEEDS, tables.items,
    {"kind": "kind", "cur": "currency", "open": "open_amount", "issue": "issue_date",
     "due": "due_date", "discount": "discount_amount", "until": "discount_until"},
)  # fmt: skip
RATES = Table(
    "rates", tables.RATE_COLUMNS, tables.RATE_COLUMNS, tables.rates,
    {"day": "date", "cur": "currency", "in_cur": "in_currency", "millionths": "rate"},
)  # fmt: skip
_CAN_DO = {
    "booking_date": "Write days like 2026-03-31.",
    "issue_date": "Write days like 2026-03-31.",
    "due_date": "Write days like 2026-03-31.",
    "discount_until": "Write days like 2026-03-31.",
    "date": "Write days like 2026-03-31.",
    "kind": f"It is one of {', '.join(tables.KINDS)}.",
    "currency": "Write the three letters of ISO 4217.",
    "in_currency": "Write the three letters of ISO 4217.",
    "rate": "Write it like 1.0842.",
}


def read(path: str, table: Table, names: Mapping[str, str]) -> pl.DataFrame:
    """The typed rows of a file. Raises Invalid with line and column for what cannot be read."""
    texts = _scanned(path, table, names)
    try:
        rows = table.typed(texts).collect(engine="streaming")
    except pl.exceptions.ComputeError as error:
        raise Invalid(
            "table_unreadable",
            f"{path} is no table that can be read: {str(error).splitlines()[0]}",
            "Nothing was matched.",
            "Write it as comma separated UTF-8 with a heading, or as Parquet.",
        ) from None
    _check(rows, path, table, names)
    return rows


def column_names(path: str) -> dict[str, dict[str, str]]:
    """By table: our column -> what the file calls it, from a TOML profile."""
    if not path:
        return {}
    try:
        told: dict[str, Any] = tomllib.loads(Path(path).read_text("utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Invalid(
            "columns_unreadable", f"{path} cannot be read: {error}.", "Nothing was matched.",
            "Write TOML: a table [transactions] with lines like id = \"Buchungsnummer\".",
        ) from None  # fmt: skip
    known = {table.name: table.columns for table in (TRANSACTIONS, OPEN_ITEMS, RATES)}
    for name, columns in told.items():
        strange = set(columns) - set(known.get(name, ())) if isinstance(columns, dict) else {name}
        if strange or name not in known:
            word = min(strange, default=name)
            raise Invalid(
                "columns_unknown", f"{path}: {name}.{word} is no column that we know.",
                "Nothing was matched.", f"Tables: {', '.join(known)}; columns: docs/matching.md.",
            )  # fmt: skip
    return told


def _scanned(path: str, table: Table, names: Mapping[str, str]) -> pl.LazyFrame:
    """All columns as texts under our names; those that a file does not have are empty."""
    rows = _file(path)
    there = rows.collect_schema().names()
    called = {column: names.get(column, column) for column in table.columns}
    for column in table.needs:
        if called[column] not in there:
            raise Invalid(
                "column_missing", f"{path} has no column {called[column]}.", "Nothing was matched.",
                "Add it, or say with --columns how it is called there.", location=path,
            )  # fmt: skip
    empty = pl.lit("")
    return rows.select(
        (pl.col(called[column]).cast(pl.String).fill_null("").str.strip_chars()
         if called[column] in there else empty).alias(column)
        for column in table.columns
    )  # fmt: skip


def _file(path: str) -> pl.LazyFrame:
    if not Path(path).is_file():
        raise Invalid("file_missing", f"There is no file {path}.", "Nothing was matched.",
                      "Check the path.")  # fmt: skip
    if path.endswith(".parquet"):
        return pl.scan_parquet(path)
    return pl.scan_csv(path, infer_schema=False)


def _check(rows: pl.DataFrame, path: str, table: Table, names: Mapping[str, str]) -> None:
    for typed, column in table.unread.items():
        wrong = rows[typed].is_null().arg_true()
        if wrong.len():
            _refuse(path, table, names, column, int(wrong[0]))
    if "id" in rows.columns and rows["id"].n_unique() != rows.height:
        again = int(rows["id"].is_duplicated().arg_true()[1])
        raise Invalid(
            "id_given_twice", f"The id {rows['id'][again]!r} is given to several rows.",
            "Nothing was matched.", "Give each row an id of its own.",
            location=f"{path}, row {again + 1}, column {names.get('id', 'id')}",
        )  # fmt: skip


def _refuse(path: str, table: Table, names: Mapping[str, str], column: str, place: int) -> None:
    """Read once more for the text that could not be understood."""
    text = _scanned(path, table, names).slice(place, 1).collect()[column][0]
    title = names.get(column, column)
    # Line 1 is the heading; rows whose texts hold line ends move what comes behind them.
    where = f"line {place + 2}" if not path.endswith(".parquet") else f"row {place + 1}"
    raise Invalid(
        "cell_unreadable", f"{title} {text[:40]!r} cannot be read.", "Nothing was matched.",
        _CAN_DO.get(column, "Write amounts like 1234.50, as fine as their currency is."),
        location=f"{path}, {where}, column {title}",
    )  # fmt: skip
