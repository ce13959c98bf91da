"""Do the sums of a Nacha batch and file say what their control records say?

Nacha Operating Rules, appendix three: company/batch control and file control records; those of
accounting advices (ADV) have wider totals.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from nostro.domain.problem import Location, Problem, error, warning
from nostro.formats.american.nacha_entries import Batch
from nostro.formats.american.nacha_layout import BLOCKING_FACTOR, HASH_MODULUS, is_digits

_TOTAL = "Do not rely on the file before the sender has explained or corrected it."
_OWNER = "Ask the sender which of both is right."


class Totals(NamedTuple):
    """Columns of the totals in a control record."""

    records: slice
    hashed: slice
    debit: slice
    credit: slice


_BATCH = Totals(slice(4, 10), slice(10, 20), slice(20, 32), slice(32, 44))
_BATCH_ADVICE = Totals(slice(4, 10), slice(10, 20), slice(20, 40), slice(40, 60))
_FILE = Totals(slice(13, 21), slice(21, 31), slice(31, 43), slice(43, 55))
_FILE_ADVICE = Totals(slice(13, 21), slice(21, 31), slice(31, 51), slice(51, 71))


class Sums:
    """The sums of one file. `lines` counts records but fillers, `paid` cents of payments."""

    def __init__(self, lines: int = 0) -> None:
        self.lines = lines
        self.fillers = self.batches = self.records = self.hashed = self.debit = self.credit = 0
        self.payments = self.paid = 0
        self.advice = False

    def add(self, batch: Batch) -> None:
        """A batch is done."""
        records = batch.entries + batch.addenda
        self.lines += records
        self.records += records
        self.payments += batch.entries - batch.others
        self.paid += batch.debit + batch.credit - batch.others_minor
        self.hashed += batch.hashed
        self.debit += batch.debit
        self.credit += batch.credit
        self.advice = self.advice or batch.advice


def batch_control(batch: Batch, line: str, place: Location) -> Iterator[Problem]:
    """Problems of a batch control record: totals that do not fit, fields unlike the header's."""
    place = Location(line=place.line, path=batch.path, offset=place.offset)
    columns = _BATCH_ADVICE if batch.advice else _BATCH
    stated = (
        ("entries and addenda", line[columns.records], batch.entries + batch.addenda),
        ("the entry hash", line[columns.hashed], batch.hashed % HASH_MODULUS),
        ("cents of debits", line[columns.debit], batch.debit),
        ("cents of credits", line[columns.credit], batch.credit),
    )
    for what, text, counted in stated:
        yield from _total("batch", what, text, counted, place)
    header = batch.header
    same = [
        ("service class", header[1:4], line[1:4]),
        ("originating bank", header[79:87], line[79:87]),
        ("batch number", header[87:94], line[87:94]),
    ]
    if not batch.advice:
        same.append(("company identification", header[40:50], line[44:54]))
    for what, before, after in same:
        if not after.strip() and before.strip():
            happened = f"The batch control leaves the {what} blank."
            yield warning("control_field_blank", happened, "Nothing.", place, line)
        elif before.strip() != after.strip():
            happened = f"The batch control states the {what} {after!r}, its header {before!r}."
            yield error("control_differs", happened, _OWNER, place, line)
    if not batch.advice and line[54:73].strip():
        happened = "The batch control carries an authentication code, which was not checked."
        yield warning("authentication_not_checked", happened, "Nothing.", place, line)


def file_control(sums: Sums, line: str, place: Location) -> Iterator[Problem]:
    """Problems of a file control record: totals that do not fit."""
    columns = _FILE_ADVICE if sums.advice else _FILE
    blocks = -(-sums.lines // BLOCKING_FACTOR)
    stated = (
        ("batches", line[1:7], sums.batches),
        ("blocks", line[7:13], blocks),
        ("entries and addenda", line[columns.records], sums.records),
        ("the entry hash", line[columns.hashed], sums.hashed % HASH_MODULUS),
        ("cents of debits", line[columns.debit], sums.debit),
        ("cents of credits", line[columns.credit], sums.credit),
    )
    for what, text, counted in stated:
        yield from _total("file", what, text, counted, place)


def _total(level: str, what: str, text: str, counted: int, place: Location) -> Iterator[Problem]:
    if not is_digits(text) or int(text) != counted:
        happened = f"The {level} control states {what}: {text.strip()!r}; we counted {counted}."
        yield error("control_total_wrong", happened, _TOTAL, place, text)
