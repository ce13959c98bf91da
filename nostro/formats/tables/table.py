"""Lists in delimited text, read by a declared layout: one bad line never hides the others.

RFC 4180 as written in practice: any delimiter, quotes where needed, any line end, a byte order
mark or none.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from datetime import date
from functools import cache
from typing import Any, BinaryIO

import msgspec

from nostro.domain.errors import Invalid
from nostro.domain.money import Money
from nostro.domain.problem import RejectedLine
from nostro.formats import Profile
from nostro.formats.profiles import Table, load, of_format
from nostro.formats.source import LINE_BYTES_MAX

_NOT_USED = "Nothing of the file was used."
_LINE_REJECTED = "This line was left out; the others were read."
_BOM = b"\xef\xbb\xbf"


class Row(msgspec.Struct):
    """One row: its line in the file, the text of that line, its cells in order and by field."""

    line: int
    raw: str
    cells: list[str]
    table: Table
    places: dict[str, int]

    def text(self, field: str) -> str:
        """A cell, trimmed; "" when the list has no such column."""
        place = self.places.get(field, -1)
        return self.cells[place].strip() if place >= 0 else ""

    def rejected(self, error: Invalid) -> RejectedLine:
        return _rejected(self.line, self.raw, error)


def _rejected(line: int, raw: str, error: Invalid) -> RejectedLine:
    return RejectedLine(
        line=line, code=error.code, sentence=error.happened, can_do=error.can_do, raw=raw
    )


def table_of(profile: Profile, default: str) -> Table:
    """The layout that a profile names; the profile's own encoding, if not utf-8, wins."""
    table = load(default if profile.name == "standard" else profile.name)
    if profile.encoding:
        table = msgspec.structs.replace(table, encoding=profile.encoding)
    return table


def identifies(format_name: str) -> Callable[[bytes], int]:
    """An `identify` by the row of titles: 100 when it has every column of a known layout."""

    def identify(head: bytes) -> int:
        for table in of_format(format_name):
            titles = _titles(head, table)
            if table.titles() <= set(titles):
                return 100
        return 0

    return identify


def _titles(head: bytes, table: Table) -> list[str]:
    first = head.removeprefix(_BOM).partition(b"\n")[0].decode(table.encoding, "replace")
    try:
        row = next(csv.reader([first], delimiter=table.delimiter), [])
    except csv.Error:
        return []  # Not a list of cells, so no list of ours.
    return [title.strip() for title in row]


class _Lines:
    """The lines of a file as text, counted, so that a row can say where it was."""

    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        self.stream = stream
        self.encoding = encoding
        self.line = 0
        self.taken: list[str] = []

    def __iter__(self) -> Iterator[str]:
        while data := self.stream.readline(LINE_BYTES_MAX + 1):
            self.line += 1
            if len(data) > LINE_BYTES_MAX:
                raise Invalid(
                    "line_too_long",
                    f"Line {self.line} is longer than {LINE_BYTES_MAX:,} bytes.",
                    _NOT_USED,
                    "Check that this is the file you meant; export it again.",
                    location=f"line {self.line}",
                )
            if self.line == 1:
                data = data.removeprefix(_BOM)
            text = self._text(data)
            self.taken.append(text)
            yield text

    def _text(self, data: bytes) -> str:
        try:
            text = data.decode(self.encoding)
        except (UnicodeDecodeError, LookupError):
            text = "\0"
        if "\0" in text:
            raise Invalid(
                "not_text",
                f"The file is not text in the encoding {self.encoding}.",
                _NOT_USED,
                "Export it in that encoding, or name the true one in the profile.",
                location=f"line {self.line}",
            )
        return text

    def take(self) -> str:
        raw = "".join(self.taken).rstrip("\r\n")
        self.taken.clear()
        return raw


def rows(stream: BinaryIO, table: Table) -> Iterator[Row | RejectedLine]:
    """Yield every row below the titles; what has not the right cells is a RejectedLine.

    Codes of those: `wrong_column_count`, `broken_quotes`. The trailer is a Row like any other.
    Raises Invalid with a location: `empty_file`, `not_text`, `missing_columns`, and
    `broken_quotes` when an open quotation mark swallows the rest of the file.
    """
    lines = _Lines(stream, table.encoding)
    reader = csv.reader(iter(lines), delimiter=table.delimiter, strict=True)
    places: dict[str, int] | None = None
    width = 0
    for line, cells in _counted(reader, lines):
        raw = lines.take()
        if isinstance(cells, Invalid):
            if places is None:
                raise cells
            yield _rejected(line, raw, cells)
            continue
        if not any(cell.strip() for cell in cells):
            continue
        if places is None:
            places, width = places_of(cells, table), len(cells)
            continue
        row = Row(line, raw, cells, table, places)
        if len(cells) == width or is_trailer(row):
            yield row
        else:
            yield row.rejected(wrong_width(len(cells), width))
    if places is None:
        what = "Export the list again."
        raise Invalid("empty_file", "The file is empty.", _NOT_USED, what, location="line 1")


def _counted(
    reader: Iterator[list[str]], lines: _Lines
) -> Iterator[tuple[int, list[str] | Invalid]]:
    """Each row, or why it is none, with the line it begins on; a cell may run over lines."""
    while True:
        begins = lines.line + 1
        try:
            yield begins, next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            broken = Invalid(
                "broken_quotes",
                f"The line cannot be cut into cells ({error}).",
                _LINE_REJECTED,
                "Look for a quotation mark without its partner.",
                location=f"line {begins}",
            )
            if "unexpected end" in str(error):  # It swallowed all lines up to the end.
                raise broken from None
            yield begins, broken


def places_of(titles: list[str], table: Table) -> dict[str, int]:
    """Where each field stands under these titles; raises Invalid (`missing_columns`)."""
    found = {title.strip(): place for place, title in reversed(list(enumerate(titles)))}
    missing = sorted(table.titles() - set(found))
    if missing:
        raise Invalid(
            "missing_columns",
            f"The list lacks the columns {', '.join(missing)} (profile {table.name}).",
            _NOT_USED,
            "Export it with these columns, or choose the profile that fits the list.",
            location="line 1",
        )
    return {field: found[title] for field, title in table.columns.items() if title in found}


def wrong_width(cells: int, width: int) -> Invalid:
    """A row that has more or fewer cells than there are titles."""
    return Invalid(
        "wrong_column_count",
        f"The line has {cells} cells; the titles have {width}.",
        _LINE_REJECTED,
        "Look for a delimiter inside a text that is not quoted.",
    )


def is_trailer(row: Row) -> bool:
    return bool(row.table.trailer) and row.cells[0].strip() == row.table.trailer


def check_filled(row: Row) -> None:
    """Raise Invalid (`field_missing`) unless every required cell holds something."""
    for field in row.table.required:
        if not row.text(field):
            title = row.table.columns[field]
            raise Invalid(
                "field_missing",
                f"The cell {title} is empty.",
                _LINE_REJECTED,
                "Fill it in at the source and export again.",
                field=field,
            )


def amount_of(row: Row) -> Money:
    """The row's amount in its currency; raises Invalid as Money.parse does."""
    return money(row.text("amount"), row.text("currency"), row.table)


def money(text: str, currency: str, table: Table) -> Money:
    """An amount as the list writes it: its decimal sign, its thousands, a minus at either end."""
    plain = text.replace(table.group, "") if table.group else text
    if table.decimal == ",":
        # A full stop here would be read as the decimal sign after the exchange: 1.234 is no 1,234.
        plain = "?" if "." in plain else plain.replace(",", ".")
    if plain.endswith("-") and not plain.startswith(("-", "+")):
        plain = f"-{plain[:-1]}"
    try:
        return Money.parse(plain, currency)
    except Invalid as error:
        if error.code != "amount_not_a_number":
            raise
        example = f"1234{table.decimal}50"
        raise Invalid(
            error.code,
            f"The amount {text[:40]!r} is not a number as this list writes them.",
            _LINE_REJECTED,
            f"Write it like {example}.",
            field="amount",
        ) from None


def date_of(row: Row, field: str) -> date:
    """The row's date; raises Invalid (`invalid_date`)."""
    text, spelling = row.text(field), row.table.date
    found = _date_pattern(spelling).match(text)
    try:
        if found:
            return date(int(found["Y"]), int(found["M"]), int(found["D"]))
    except ValueError:
        pass  # 30 February and the like.
    raise Invalid(
        "invalid_date",
        f"{text[:40]!r} in {row.table.columns[field]} is not a date written {spelling}.",
        _LINE_REJECTED,
        "Correct it at the source and export again.",
        field=field,
    )


@cache
def _date_pattern(spelling: str) -> re.Pattern[str]:
    pattern = re.escape(spelling)
    for letters in ("YYYY", "MM", "DD"):
        pattern = pattern.replace(letters, f"(?P<{letters[0]}>[0-9]{{{len(letters)}}})")
    return re.compile(pattern + r"\Z")


def read_rows(
    rows_found: Iterator[Row | RejectedLine], make: Callable[[Row], Any]
) -> Iterator[Any]:
    """What `make` makes of each row; a row it refuses with Invalid becomes a RejectedLine."""
    for row in rows_found:
        if isinstance(row, RejectedLine):
            yield row
            continue
        try:
            check_filled(row)
            yield make(row)
        except Invalid as error:
            yield row.rejected(error)
