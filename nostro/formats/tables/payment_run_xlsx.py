"""Approved payment runs as a workbook (XLSX): the same layouts as payment_run_csv.

ECMA-376 (Office Open XML). Read cell by cell, nothing computed: a workbook that shows people other
payments than it holds (formulas, merged or hidden cells, further sheets) is not paid from.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import BinaryIO

from nostro.domain.errors import Invalid
from nostro.domain.payment import PaymentRequest, RunTotals
from nostro.domain.problem import RejectedLine
from nostro.formats import Format, Profile
from nostro.formats.profiles import Table
from nostro.formats.tables.cells import Day, Exact, Fault
from nostro.formats.tables.list_rows import ListRow
from nostro.formats.tables.payment_run_csv import USUAL_LAYOUT, payments_of
from nostro.formats.tables.sheet import Sheet
from nostro.formats.tables.table import Row, is_trailer, places_of, table_of, wrong_width
from nostro.formats.tables.workbook import Workbook
from nostro.formats.tables.workbook_head import is_workbook, shows_payment_run

# A workbook keeps so many digits of a number; more of them were rounded before we saw them.
NUMBER_DIGITS_MAX = 15
_MERGED = re.compile(r"[A-Z]{1,3}[0-9]{1,7}:[A-Z]{1,3}([0-9]{1,7})\Z")
_NOT_USED = "No payment of the file was taken over."
_LINE_REJECTED = "This line was left out; the others were read."


class _RunSheet(Sheet):
    """A sheet whose rows say besides which of their cells are formulas, and if they are hidden."""

    def __init__(self, book: Workbook) -> None:
        super().__init__(book)
        self.computed: set[int] = set()
        self.hidden = False
        self.rows: list[tuple[ListRow, frozenset[int], bool]] = []
        self.merged: list[str] = []

    def start(self, name: str, told: dict[str, str]) -> None:
        super().start(name, told)
        if name == "row":
            self.hidden = told.get("hidden") in ("1", "true")
            self.computed.clear()
        elif name == "f":
            self.computed.add(self.column - 1)
        elif name == "mergeCell":
            self.merged.append(told.get("ref", ""))

    def finish_row(self) -> None:
        super().finish_row()
        self.rows += [(row, frozenset(self.computed), self.hidden) for row in self.done]
        self.done.clear()


def read(stream: BinaryIO, profile: Profile) -> Iterator[PaymentRequest | RejectedLine | RunTotals]:
    """Yield what payment_run_csv yields; lines are the numbers of the sheet's rows.

    Numbers are taken as they are written: one that is finer than its currency is refused
    (`amount_too_fine`), never rounded. Codes of rejected lines beside those of payment_run_csv:
    `formula_cell`, `fault_cell`, `row_hidden`, `number_not_exact`, `date_instead_of_text`. Raises
    Invalid for the file as a whole: `several_sheets`, `merged_cells`, what Workbook refuses, and
    what payment_run_csv does. Take nothing over before the RunTotals has come.
    """
    table = table_of(profile, USUAL_LAYOUT)
    yield from payments_of(_rows(Workbook(stream), table), table)


def _rows(book: Workbook, table: Table) -> Iterator[Row | RejectedLine]:
    if len(book.sheets) > 1:
        raise Invalid(
            "several_sheets",
            f"The workbook has {len(book.sheets)} sheets to be seen; a payment run has one.",
            _NOT_USED,
            "Save the sheet with the payments as a workbook of its own.",
            location=book.sheets[1][0],
        )
    places: dict[str, int] | None = None
    width = titles_row = 0
    sheet = _RunSheet(book)
    for _ in book.parse(book.sheets[0][1], sheet.start, sheet.end, sheet.text):
        for found, computed, hidden in sheet.rows:
            if not any(cell.strip() for cell in found.cells):
                continue
            if places is None:
                places, width, titles_row = (
                    places_of(found.cells, table),
                    len(found.cells),
                    found.line,
                )
                continue
            yield _row(found, computed, hidden, table, places, width)
        sheet.rows.clear()
    if places is None:
        what = "Export the list again."
        raise Invalid("empty_file", "The sheet is empty.", _NOT_USED, what, location="row 1")
    _not_merged(sheet.merged, titles_row)


def _row(
    found: ListRow,
    computed: frozenset[int],
    hidden: bool,
    table: Table,
    places: dict[str, int],
    width: int,
) -> Row | RejectedLine:
    """A row as its layout writes lists in text; or why nothing can be paid from it."""
    row = Row(found.line, found.raw, _filled(found.cells, width), table, places)
    if is_trailer(row):
        return row
    try:
        if hidden:
            raise _odd("row_hidden", "The row is hidden.", "Show all rows, or delete this one.")
        if len(row.cells) > width:
            raise wrong_width(len(row.cells), width)
        for field, place in places.items():
            row.cells[place] = _told(row.cells[place], field, table, place in computed)
    except Invalid as error:
        return row.rejected(error)
    return row


def _filled(cells: list[str], width: int) -> list[str]:
    """Empty cells at the end of a row are not written; those beyond the titles count as none."""
    told = [*cells, *[""] * (width - len(cells))]
    while len(told) > width and not told[-1].strip():
        told.pop()
    return told


def _told(cell: str, field: str, table: Table, computed: bool) -> str:
    """A cell as the layout would write it in text. Raises Invalid for one that says otherwise."""
    title = table.columns[field]
    if computed:
        raise _odd(
            "formula_cell",
            f"The cell {title} is computed; what was saved of it may be old.",
            "Save values instead of formulas, and send the run again.",
        )
    if isinstance(cell, Fault):
        happened = f"The cell {title} shows {str(cell)[:20]!r} instead of a value."
        raise _odd("fault_cell", happened, "Correct it at the source and export again.")
    if isinstance(cell, Day):
        return _day(cell, field, table)
    if not isinstance(cell, Exact):
        return cell
    if field == "amount" and "." in cell:
        return cell.replace(".", table.decimal)
    if sum(letter.isdigit() for letter in cell) > NUMBER_DIGITS_MAX:
        raise _odd(
            "number_not_exact",
            f"The cell {title} is a number of more than {NUMBER_DIGITS_MAX} digits: a workbook"
            " loses the last ones.",
            "Make it a column of texts at the source and export again.",
        )
    return cell


def _day(cell: Day, field: str, table: Table) -> str:
    if field != "payment_date":
        raise _odd(
            "date_instead_of_text",
            f"The cell {table.columns[field]} is a date ({str(cell)[:20]}): programs make dates out"
            " of numbers such as 11-2026.",
            "Make it a column of texts at the source and export again.",
        )
    try:
        told = date.fromisoformat(cell)
    except ValueError:
        return cell  # With a time, say: then it is no date as the layout writes them.
    spelled = table.date.replace("YYYY", f"{told.year:04}")
    return spelled.replace("MM", f"{told.month:02}").replace("DD", f"{told.day:02}")


def _not_merged(merged: list[str], titles_row: int) -> None:
    """Raise Invalid when cells below the titles are merged: all but one of them say nothing."""
    for reference in merged:
        found = _MERGED.match(reference)
        if found is None or int(found[1]) > titles_row:
            raise Invalid(
                "merged_cells",
                f"The cells {reference[:20]} are merged: which payments they belong to is not"
                " certain.",
                _NOT_USED,
                "Undo the merging, fill in every cell, and send the run again.",
                location=f"cells {reference[:20] or 'merged'}",
            )


def _odd(code: str, happened: str, can_do: str) -> Invalid:
    return Invalid(code, happened, _LINE_REJECTED, can_do)


def identify(head: bytes) -> int:
    """A workbook in which the titles of a payment run are in sight; those of a long one are not."""
    return 100 if is_workbook(head) and shows_payment_run(head) else 0


FORMAT = Format(
    name="payment_run_xlsx",
    media_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    standard="ECMA-376, layout by profile",
    identify=identify,
    read=read,
)
