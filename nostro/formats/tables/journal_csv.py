"""Journals for an ERP to post, as a list: one row a line, a reset without lines in one row.

RFC 4180 (commas, CRLF), UTF-8. Debits are positive, credits negative.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from datetime import date
from enum import StrEnum
from io import StringIO
from typing import BinaryIO, TypeVar

from nostro.domain.errors import Invalid
from nostro.domain.journal import (
    BusinessEvent,
    JournalEvent,
    JournalLine,
    PostingAction,
    PostingOwner,
)
from nostro.domain.money import Money
from nostro.domain.problem import RejectedLine
from nostro.formats import Format, Profile
from nostro.formats.profiles import Table
from nostro.formats.tables.table import Row, rows

COLUMNS = (
    "journal_id",
    "event",
    "owner",
    "action",
    "entity",
    "posting_date",
    "reference",
    "line",
    "ledger_account",
    "document_amount",
    "document_currency",
    "functional_amount",
    "functional_currency",
    "open_item",
    "text",
    "journal_text",
)
_TABLE = Table(
    name="journal_csv",
    format="journal_csv",
    columns={column: column for column in COLUMNS},
    required=(),
    delimiter=",",
)
_HEADER = ",".join(COLUMNS).encode()
Word = TypeVar("Word", bound=StrEnum)


def write(items: Iterable[JournalEvent], profile: Profile) -> bytes:
    """The journals as one list, titles first. The law: `read` gives back what was written.

    Cells are written as they are: a spreadsheet that takes them for formulas must be told not to.
    """
    out = StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for journal in items:
        head = (
            journal.id,
            journal.event,
            journal.owner,
            journal.action,
            journal.entity_code,
            journal.posting_date.isoformat(),
            journal.reference,
        )
        for cells in _line_cells(journal):
            writer.writerow((*head, *cells, journal.text))
    return out.getvalue().encode()


def _line_cells(journal: JournalEvent) -> Iterator[tuple[str, ...]]:
    if not journal.lines:
        yield ("",) * 8
    for number, line in enumerate(journal.lines, 1):
        yield (
            str(number),
            line.ledger_account,
            line.document.number(),
            line.document.currency,
            line.functional.number(),
            line.functional.currency,
            line.open_item,
            line.text,
        )


def read(stream: BinaryIO, profile: Profile) -> Iterator[JournalEvent]:
    """Yield each JournalEvent, joined from its rows.

    Raises Invalid with a location: `empty_file`, `not_text`, `broken_quotes`, `missing_columns`,
    `wrong_column_count`, `journal_line_order`, `unknown_word`, `invalid_date` and those of
    Money.parse. A journal is never read in part, so one bad row refuses the file.
    """
    head: Row | None = None
    lines: list[JournalLine] = []
    for row in rows(stream, _TABLE):
        if isinstance(row, RejectedLine):
            raise _wrong(row.line, row.code, row.sentence)
        if _cell(row, "line") in ("", "1"):
            if head is not None:
                yield _journal(head, lines)
            head, lines = row, []
        elif head is None or _cell(row, "journal_id") != _cell(head, "journal_id"):
            raise _wrong(row.line, "journal_line_order", "The journal does not begin with line 1.")
        if number := _cell(row, "line"):
            if number != str(len(lines) + 1):
                raise _wrong(row.line, "journal_line_order", f"Line {number!r} is out of order.")
            lines.append(_line(row))
    if head is not None:
        yield _journal(head, lines)


def _cell(row: Row, column: str) -> str:
    """A cell exactly as it was written: texts may begin with a space."""
    return row.cells[row.places[column]]


def _wrong(line: int, code: str, happened: str) -> Invalid:
    return Invalid(
        code,
        happened,
        "Nothing of the file was used.",
        "Write the list again; it was changed after it was written.",
        location=f"line {line}",
    )


def _line(row: Row) -> JournalLine:
    try:
        return JournalLine(
            ledger_account=_cell(row, "ledger_account"),
            document=Money.parse(_cell(row, "document_amount"), _cell(row, "document_currency")),
            functional=Money.parse(
                _cell(row, "functional_amount"), _cell(row, "functional_currency")
            ),
            open_item=_cell(row, "open_item"),
            text=_cell(row, "text"),
        )
    except Invalid as error:
        raise _wrong(row.line, error.code, error.happened) from None


def _journal(row: Row, lines: list[JournalLine]) -> JournalEvent:
    try:
        posting_date = date.fromisoformat(_cell(row, "posting_date"))
    except ValueError:
        happened = f"{_cell(row, 'posting_date')[:40]!r} is not a date."
        raise _wrong(row.line, "invalid_date", happened) from None
    return JournalEvent(
        id=_cell(row, "journal_id"),
        event=_word(row, "event", BusinessEvent),
        owner=_word(row, "owner", PostingOwner),
        action=_word(row, "action", PostingAction),
        entity_code=_cell(row, "entity"),
        posting_date=posting_date,
        reference=_cell(row, "reference"),
        text=_cell(row, "journal_text"),
        lines=tuple(lines),
    )


def _word(row: Row, column: str, kind: type[Word]) -> Word:
    text = _cell(row, column)
    try:
        return kind(text)
    except ValueError:
        happened = f"{text[:40]!r} is no {column} of a journal."
        raise _wrong(row.line, "unknown_word", happened) from None


def identify(head: bytes) -> int:
    """100 when the row of titles is ours."""
    return 100 if head.startswith((_HEADER, b"\xef\xbb\xbf" + _HEADER)) else 0


FORMAT = Format(
    name="journal_csv",
    media_type="text/csv",
    standard="RFC 4180",
    identify=identify,
    read=read,
    write=write,
    documents=(JournalEvent,),
    several="list",
)
