"""What a bank's website exports as a workbook (XLSX): the same layouts as lists in CSV.

ECMA-376 (Office Open XML). Amounts are exact: see sheet.py. Nothing is computed.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO

from msgspec import structs

from nostro.domain.problem import Problem
from nostro.formats import Format, Profile
from nostro.formats.profiles.lists import BankList, layouts
from nostro.formats.tables.bank_list import ListOptions, ListReader, asked, unknown_layout
from nostro.formats.tables.list_rows import TITLE_LINES_MAX, ListRow, places_of
from nostro.formats.tables.sheet import rows_of
from nostro.formats.tables.workbook import Workbook
from nostro.formats.tables.workbook_head import is_workbook, shows_payment_run


def read(stream: BinaryIO, profile: Profile) -> Iterator[object]:
    """Yield StatementHeader, Entry, StatementTrailer and Problems, as bank_csv does.

    Codes beside those of bank_csv: warnings `formula_cells`, `sheets_not_read`; raises Invalid
    `not_a_workbook`, `workbook_damaged`, `workbook_too_large`, `doctype_refused`.
    """
    options, layout = asked(profile)
    rows = rows_of(Workbook(stream))
    if layout is None:
        layout, rows = _recognised(rows)
    # Empty cells at the end of a row are not written.
    yield from ListReader(structs.replace(layout, ragged=True), options).read(rows)


def _recognised(
    rows: Iterator[ListRow | Problem],
) -> tuple[BankList, Iterator[ListRow | Problem]]:
    """The layout whose titles stand in the first rows, and all rows again."""
    seen: list[ListRow | Problem] = []
    for row in rows:
        seen.append(row)
        if isinstance(row, ListRow):
            for layout in layouts():
                if layout.required() and places_of(row.cells, layout):
                    return layout, chain(seen, rows)
        if len(seen) > TITLE_LINES_MAX:
            break
    raise unknown_layout("the first sheet")


def identify(head: bytes) -> int:
    if not head.startswith(b"PK\x03\x04"):
        return 0
    if is_workbook(head):
        return 0 if shows_payment_run(head) else 100
    return 40 if b"[Content_Types].xml" in head[:100] else 0


FORMAT = Format(
    name="bank_xlsx",
    media_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    standard="ECMA-376, layout by profile",
    identify=identify,
    options=ListOptions,
    read=read,
)
