"""The rows of a workbook's sheet, one by one: numbers as they are written, dates as days.

ECMA-376 part 1, section 18.3. Amounts in workbooks are binary numbers: what we take is the shortest
decimal that is the same number, which is what was typed; a computed 0.30000000000000004 stays as
fine as that and is refused as an amount.
"""

from __future__ import annotations

import re
from ast import literal_eval
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from nostro.domain.errors import Invalid
from nostro.domain.problem import Location, Problem, warning
from nostro.formats.tables.cells import Day, Exact, Fault
from nostro.formats.tables.list_rows import ListRow
from nostro.formats.tables.workbook import Workbook

COLUMNS_MAX = 1000
_NUMBER = re.compile(r"[+-]?[0-9]+(?P<part>\.[0-9]+)?(?P<power>[Ee][+-]?[0-9]{1,3})?\Z")
_REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})\Z")
_SERIAL_MAX = 2958465  # 31 December 9999.
_DAY_SECONDS = 86400


def rows_of(book: Workbook) -> Iterator[ListRow | Problem]:
    """The rows of the first visible sheet, and a warning about what else the workbook holds.

    Codes: `sheets_not_read`, `formula_cells`; raises Invalid as Workbook does, and
    `too_many_columns`.
    """
    name, place = book.sheets[0]
    others = ", ".join(repr(other) for other, _ in book.sheets[1:])
    if others:
        yield warning(
            "sheets_not_read",
            f"Only the first sheet {name!r} was read, not {others}.",
            "If a list is on another sheet, make it the first or save it on its own.",
            Location(path=name),
        )
    sheet = Sheet(book)
    for _ in book.parse(place, sheet.start, sheet.end, sheet.text):
        yield from sheet.done
        sheet.done.clear()
    if sheet.formulas:
        line, column = sheet.first_formula
        yield warning(
            "formula_cells",
            f"Formulas in {sheet.formulas} cell(s); what was saved as their result was taken.",
            "Check that the results are current: open the workbook and save it again.",
            Location(line=line, column=column),
        )


class Sheet:
    """The handlers of one sheet; finished rows wait in `done`."""

    def __init__(self, book: Workbook) -> None:
        self.book = book
        self.done: list[ListRow] = []
        self.row = 0
        self.cells: dict[int, str] = {}
        self.column = 0
        self.kind = ""
        self.style = 0
        self.value: list[str] = []
        self.taking = False
        self.reading = False  # Inside the reading of an Asian name.
        self.formulas = 0
        self.first_formula = (0, "")

    def start(self, name: str, told: dict[str, str]) -> None:
        if name in ("v", "t"):
            self.taking = True
        elif name == "c":
            self._begin_cell(told)
        elif name == "row":
            number = told.get("r", "")
            self.row = int(number) if _is_row(number) else self.row + 1
            self.column = 0
        elif name == "rPh":
            self.reading = True
        elif name == "f":
            self.formulas += 1
            if self.formulas == 1:
                self.first_formula = (self.row, str(self.column))

    def _begin_cell(self, told: dict[str, str]) -> None:
        place = _REFERENCE.match(told.get("r", ""))
        self.column = _column(place[1]) if place else self.column + 1
        self.kind = told.get("t", "n")
        style = told.get("s", "0")
        self.style = int(style) if style.isascii() and style.isdigit() else 0
        self.value.clear()

    def text(self, data: str) -> None:
        if self.taking and not self.reading:
            self.value.append(data)

    def end(self, name: str) -> None:
        if name in ("v", "t"):
            self.taking = False
        elif name == "rPh":
            self.reading = False
        elif name == "c":
            if self.value:
                self._keep_cell()
        elif name == "row":
            self.finish_row()

    def _keep_cell(self) -> None:
        if self.column > COLUMNS_MAX:
            raise Invalid(
                "too_many_columns",
                f"The sheet has more than {COLUMNS_MAX:,} columns: it is no bank's list.",
                "Nothing of the file was used.",
                "Take away what stands beside the list, or save the list on its own as CSV.",
                location=f"row {self.row}, column {self.column}",
            )
        self.cells[self.column] = self._cell("".join(self.value))

    def finish_row(self) -> None:
        if self.cells:
            width = max(self.cells)
            cells = [self.cells.get(column, "") for column in range(1, width + 1)]
            self.done.append(ListRow(self.row, ";".join(cells), cells))
            self.cells = {}

    def _cell(self, text: str) -> str:
        if self.kind == "s":
            strings = self.book.strings
            if not text.isdigit() or int(text) >= len(strings):
                raise Invalid(
                    "workbook_damaged",
                    "A cell points to a text that the workbook does not hold.",
                    "Nothing of the file was used.",
                    "Export it again, or save it as CSV and read that.",
                    location=f"row {self.row}, column {self.column}",
                )
            return strings[int(text)]
        if self.kind == "b":
            return "TRUE" if text == "1" else "FALSE"
        if self.kind == "e":
            return Fault(text)
        if self.kind == "d":
            return Day(text.replace("T", " "))
        if self.kind != "n":
            return text  # A text of its own, or a formula's text.
        dates = self.book.dates
        if self.style < len(dates) and dates[self.style]:
            return _day(text, self.book.from_1904)
        return number(text)


def _is_row(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 7


def _column(letters: str) -> int:
    """The number of a column from its letters: A is 1, Z is 26, AA is 27."""
    found = 0
    for letter in letters:
        found = found * 26 + ord(letter) - 64
    return found


def number(text: str) -> str:
    """A number of a sheet in plain decimal text; what is none stays as it is.

    >>> number("8.4100000000000001"), number("1.5E3"), number("0.30000000000000004")
    ('8.41', '1500', '0.30000000000000004')
    """
    found = _NUMBER.match(text)
    if found is None:
        return text
    if not found["part"] and not found["power"]:
        return Exact(text)  # Whole numbers may be account numbers: every digit counts.
    digits = sum(letter.isdigit() for letter in text.partition("E")[0].partition("e")[0])
    shortest = repr(literal_eval(text.lstrip("+0") or "0")) if digits > 15 else text
    plain = format(Decimal(shortest), "f")
    return Exact(plain)


def _day(text: str, from_1904: bool) -> str:
    """The day (and time) of a serial number; a number that is no day stays as it is."""
    if _NUMBER.match(text) is None:
        return text
    serial = Decimal(text)
    days = int(serial)
    seconds = min(int(((serial - days) * _DAY_SECONDS).to_integral_value()), _DAY_SECONDS - 1)
    if not 1 <= days <= _SERIAL_MAX or (days == 60 and not from_1904):
        return text
    # The system of 1900 counts a 29 February 1900 that never was.
    first = date(1904, 1, 1) if from_1904 else date(1899, 12, 31 if days < 60 else 30)
    day = first + timedelta(days=days)
    if not seconds:
        return Day(day.isoformat())
    return Day(f"{day.isoformat()} {seconds // 3600:02d}:{seconds // 60 % 60:02d}")
