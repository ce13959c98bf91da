"""Reading ACH files: headers, batches, entries and controls in their order, every total checked.

Nacha Operating Rules, appendices one to five: all standard entry class codes, returns, dishonored
and contested returns, notifications of change. What real senders get wrong is read with a Problem
that says where; every control total is checked.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from nostro.domain.errors import Invalid
from nostro.domain.money import Money
from nostro.domain.payment_file import (
    Agent,
    Party,
    PaymentBatchHeader,
    PaymentFileHeader,
    PaymentFileTrailer,
)
from nostro.domain.problem import Location, Problem, error, warning
from nostro.formats import Profile, options_of
from nostro.formats.american.nacha_addenda import Lined
from nostro.formats.american.nacha_controls import Sums, batch_control, file_control
from nostro.formats.american.nacha_entries import Batch
from nostro.formats.american.nacha_layout import (
    ADDENDA_MAX,
    CURRENCY,
    RECORD_LENGTH,
    ROUTING,
    SEC_CODES,
    SERVICE_CLASSES,
    day_of,
    is_digits,
)
from nostro.formats.american.nacha_options import NachaOptions
from nostro.formats.american.nacha_records import LINE_LENGTH, Records
from nostro.formats.verdicts import Endings

_KEPT = "The original is kept; nothing was booked from it."
_LOOK = "Look at the file before you rely on it."
_PROOF = "Nothing proves that the file is whole: compare it with what was sent."
_BLANK_DAYS = frozenset(("", "000000"))


def read(stream: BinaryIO, profile: Profile) -> Iterator[object]:
    """Yield header, batches, payments, returns and notifications, and the trailer of ACH files.

    Amounts are unsigned; `transaction_code` says the direction, and so do a batch's `method` and,
    where it goes the other way, the payment's own. Memory is that of one entry and its addenda.
    Raises Invalid with a place: `not_nacha`, `record_too_long`, `file_cut`, and what `source.Lines`
    refuses. Book nothing before the iterator has ended by itself.
    """
    records = Records(stream, profile)
    reader = _Reader(records, options_of(profile, NachaOptions))
    for first, text in records.stretches():
        at = 0
        while at < len(text):
            if reader.held is not None and text[at] != "7":
                yield from reader.entry()
            batch = reader.batch
            if batch is not None and batch.simple and reader.held is None:
                yield from batch.usual(first, text, at)
                at = batch.at
            if line := text[at : at + RECORD_LENGTH]:
                yield from reader.record(first + at // LINE_LENGTH, line)
                at += LINE_LENGTH
    yield from reader.end()


class _Reader:
    """Where in a file we are, and what was said so far."""

    def __init__(self, records: Records, options: NachaOptions) -> None:
        self.records = records
        self.lenient = options.controls == "optional"
        self.problems = records.problems
        self.batch: Batch | None = None
        self.held: Lined | None = None
        self.addenda: list[Lined] = []
        self.sums = Sums()
        self.files = 0
        self.open = False
        self.any = False
        self.place = Location()
        self.header: PaymentFileHeader | None = None
        self.endings = Endings()
        self.headless = False

    def record(self, number: int, line: str) -> Iterator[object]:
        """What one more record brings; an entry waits for its addenda."""
        kind = line[0]
        if self.held is not None:  # Then this is an addenda record.
            if len(self.addenda) <= ADDENDA_MAX:
                self.addenda.append((number, line))
        elif kind == "6" and self.batch is not None:
            self.held = number, line
        else:
            yield from self._other(kind, number, line)
            if self.problems:
                yield from self.records.take_problems()

    def entry(self) -> Iterator[object]:
        """The entry that waits, if one does."""
        if self.held is not None and self.batch is not None:
            yield self.batch.entry(*self.held, self.addenda)
            self.held, self.addenda = None, []
            if self.problems:
                yield from self.records.take_problems()

    def _other(self, kind: str, number: int, line: str) -> Iterator[object]:
        """The records that are no entries; Problems for those out of place."""
        self.place = self.records.location(number)
        if not self.any and kind not in ("1", "5"):
            raise Invalid(
                "not_nacha",
                "The file does not begin with a Nacha file header or batch header.",
                _KEPT,
                "Check that this is the file you meant.",
                location=str(self.place),
            )
        self.any = True
        if line.strip("9") == "":
            self.sums.fillers += 1
        elif kind == "1":
            yield from self._file_header(line)
        elif kind == "5":
            yield from self._batch_header(number, line)
        elif kind == "8" and self.batch is not None:
            yield from self._batch_control(line)
        elif kind == "9" and self.open:
            yield from self._file_control(line)
        else:
            yield self._stray(kind, line)

    def _stray(self, kind: str, line: str) -> Problem:
        happened = "The record is at a place where none of its kind may be."
        if kind not in "156789":
            happened = f"Records of type {kind!r} do not exist in Nacha files."
        if self.open:
            self.sums.lines += 1
        return error("record_out_of_order", happened, _LOOK, self.place, line)

    def _file_header(self, line: str) -> Iterator[object]:
        if self.open:
            yield from self._close_file_without_control()
        self.headless = False
        self._begin()
        if line[34:39] != "09410":
            raise Invalid(
                "file_header_shifted",
                "The file header does not state records of 94 in blocks of 10 where it must.",
                _KEPT,
                "Characters were lost or put in: ask the sender for the file again.",
                location=str(self.place),
            )
        if line[1:3] != "01" or line[39] != "1":
            happened = "The file header states another priority or format than 01 and 1."
            yield warning("file_header_odd", happened, _LOOK, self.place, line)
        self.header = self._header_of(line)
        yield self.header

    def _begin(self) -> None:
        self.files += 1
        self.open = True
        self.sums = Sums(lines=0 if self.headless else 1)

    def _header_of(self, line: str) -> PaymentFileHeader:
        day, time = day_of(line[23:29]), line[29:33]
        created = day.isoformat() if day else ""
        if day and is_digits(time) and time[:2] < "24" and time[2:] < "60":
            created += f"T{time[:2]}:{time[2:]}"
        elif line[23:33].strip():
            happened = f"The time of creation cannot be read ({line[23:33]!r})."
            if not day or time.strip():
                self.problems.append(warning("date_unreadable", happened, _LOOK, self.place))
        destination, origin = line[3:13].strip(), line[13:23].strip()
        modifier = line[33].strip()
        return PaymentFileHeader(
            message_id=line[86:94].rstrip(),
            created_at=created,
            initiator=Party(name=line[63:86].rstrip(), identifier=origin, scheme="CUST"),
            forwarding_agent=Agent(
                name=line[40:63].rstrip(), member_id=destination, clearing_system=ROUTING
            ),
            codes=(("file_id_modifier", modifier),) if modifier else (),
            location=self.place,
        )

    def _headerless(self) -> Iterator[object]:
        self.headless = True
        self.header = None
        self._begin()
        happened = "The file has no file header record."
        yield warning("file_header_missing", happened, _PROOF, self.place)
        yield PaymentFileHeader(
            message_id="", created_at="", initiator=Party(), location=self.place
        )

    def _batch_header(self, number: int, line: str) -> Iterator[object]:
        if self.batch is not None:
            yield self._unclosed()
            self._close_batch()
        if not self.open:
            yield from self._headerless()
        self.sums.batches += 1
        self.sums.lines += 1
        file = f"file {self.files}, " if self.files > 1 else ""
        path = f"{file}batch {self.sums.batches}"
        batch = Batch(line, number, path, self.records)
        self.batch = batch
        place = batch.location()
        if batch.service_class not in SERVICE_CLASSES:
            happened = f"The service class {batch.service_class!r} is unknown."
            yield warning("service_class_unknown", happened, _LOOK, place)
        if batch.sec_code not in SEC_CODES:
            happened = f"The standard entry class {batch.sec_code!r} is unknown; read as PPD is."
            yield warning("sec_code_unknown", happened, _LOOK, place)
        yield self._batch_of(batch, line)

    def _batch_of(self, batch: Batch, line: str) -> PaymentBatchHeader:
        place = batch.location()
        batch.day = day_of(line[69:75])
        written = line[69:75].strip()
        codes = _batch_codes(batch, line)
        if batch.day is None and written not in _BLANK_DAYS:
            happened = f"The effective entry date cannot be read ({written!r})."
            self.problems.append(warning("date_unreadable", happened, _LOOK, place))
            codes.append(("effective_entry_date", written))
        name = "" if batch.international else line[4:20].rstrip()
        identifier = line[40:50].rstrip()
        return PaymentBatchHeader(
            batch_id=line[87:94].strip(),
            method=batch.method,
            requested_date=batch.day,
            own=Party(name=name, identifier=identifier, scheme="CUST" if identifier else ""),
            own_agent=Agent(clearing_system=ROUTING, member_id=batch.odfi.strip()),
            local_instrument=batch.sec_code.rstrip(),
            entry_description=line[53:63].rstrip(),
            service_class=batch.service_class,
            codes=tuple((name, text) for name, text in codes if text),
            location=place,
        )

    def _batch_control(self, line: str) -> Iterator[object]:
        batch = self.batch
        if batch is None:
            return
        self.sums.lines += 1
        yield from batch_control(batch, line, self.place)
        yield from filter(None, (batch.direction(), batch.description()))
        self._close_batch()

    def _close_batch(self) -> None:
        if self.batch is not None:
            self.sums.add(self.batch)
            self.batch = None

    def _unclosed(self) -> Problem:
        tell = warning if self.lenient else error
        happened = "The batch before this record has no control record."
        return tell("batch_control_missing", happened, _PROOF, self.place)

    def _file_control(self, line: str) -> Iterator[object]:
        if self.batch is not None:
            yield self._unclosed()
            self._close_batch()
        self.sums.lines += 1
        yield from file_control(self.sums, line, self.place)
        yield from self._trailer()

    def _trailer(self) -> Iterator[object]:
        self.open = False
        paid = (Money(self.sums.paid, CURRENCY),) if self.sums.payments else ()
        count = self.sums.payments
        trailer = PaymentFileTrailer(payments=count, sums=paid, location=self.place)
        if self.header is None:
            yield trailer
        else:
            yield from self.endings.payment_file(self.header, trailer)

    def _close_file_without_control(self) -> Iterator[object]:
        if self.batch is not None:
            yield self._unclosed()
            self._close_batch()
        tell = warning if self.lenient else error
        happened = "The file has no file control record."
        yield tell("file_control_missing", happened, _PROOF, self.place)
        yield from self._trailer()

    def end(self) -> Iterator[object]:
        """What the end of the stream says: a whole file, one without controls, or a cut one."""
        yield from self.entry()
        yield from self.records.take_problems()
        if not self.any:
            raise Invalid(
                "not_nacha",
                "The file holds no Nacha records.",
                _KEPT,
                "Check that this is the file you meant.",
                location="line 1",
            )
        if not self.open:
            return
        cut = self.batch is not None and not self.headless
        if cut or self.records.last_was_short:
            raise Invalid(
                "file_cut",
                "The file ends in the middle: the batch or the file has no control record.",
                _KEPT,
                "Fetch it again; if its sender never writes controls, say so in the profile.",
                location=str(self.place),
            )
        yield from self._close_file_without_control()


def _batch_codes(batch: Batch, line: str) -> list[tuple[str, str]]:
    """What a batch header says beyond the canonical fields."""
    codes = [
        ("settlement_day", line[75:78].strip("0 ") and line[75:78]),
        ("originator_status", line[78].replace("1", "").strip()),
    ]
    if not batch.international:
        return [
            ("company_discretionary_data", line[20:40].rstrip()),
            ("company_descriptive_date", line[63:69].rstrip()),
            *codes,
        ]
    return [
        ("international_indicator", line[4:20].rstrip()),
        ("foreign_exchange_indicator", line[20:22].rstrip()),
        ("foreign_exchange_reference_indicator", line[22].strip()),
        ("foreign_exchange_reference", line[23:38].rstrip()),
        ("destination_country", line[38:40].rstrip()),
        ("originating_currency", line[63:66].rstrip()),
        ("destination_currency", line[66:69].rstrip()),
        *codes,
    ]
