"""ACH files for the bank: every record in its columns, totals and blocks made, nothing cut.

Nacha Operating Rules, appendices one to three. The file is read back before it is handed out: what
would not come back equal is refused.
"""

from __future__ import annotations

import re
from datetime import date
from io import BytesIO
from itertools import zip_longest
from typing import Any

import msgspec
from msgspec.structs import replace

from nostro.domain.payment_file import (
    Payment,
    PaymentBatch,
    PaymentFile,
    PaymentFileHeader,
    assemble,
)
from nostro.domain.problem import NOWHERE, Problem
from nostro.formats import Profile, options_of
from nostro.formats.american.nacha_entry_writer import entry_lines
from nostro.formats.american.nacha_layout import (
    BLOCKING_FACTOR,
    FILLER,
    HASH_MODULUS,
    KINDS,
    code_of,
)
from nostro.formats.american.nacha_options import ODD_DESCRIPTIONS, NachaOptions
from nostro.formats.american.nacha_profile import Prepared
from nostro.formats.american.nacha_reader import read
from nostro.formats.american.nacha_text import alphameric, numeric, refuse

_LINE_ENDS = {"lf": "\n", "crlf": "\r\n", "cr": "\r", "none": ""}
_CREATED = re.compile(r"20(\d\d)-(\d\d)-(\d\d)(?:T(\d\d):(\d\d))?\Z")
_NOT_WRITTEN = frozenset(("ADV", "COR"))
_TOTAL_MAX = 10**12 - 1
_COUNT_MAX = 10**6 - 1


def write(document: PaymentFile, profile: Profile) -> bytes:
    """The bytes of a whole ACH file, as the bank's profile wants it (`NachaOptions`).

    Raises Invalid with the batch and payment as its place: for text (`text_too_long`,
    `character_not_allowed`, `number_wrong`, `routing_number_wrong`, `created_at_wrong`), for money
    (`currency_not_usd`, `amount_wrong`), for rules (`transaction_code_wrong`,
    `sec_code_not_written`, `service_class_differs`, `direction_not_allowed`, `trace_number_wrong`,
    `batch_number_wrong`, `batch_empty`, `addenda_wrong`, `international_field_missing`,
    `offset_account_missing`, `total_too_large`), and `not_carried` for whatever a Nacha file could
    not give back.
    """
    options = options_of(profile, NachaOptions)
    prepared = Prepared(document, options).document
    lines = _Lines(prepared).all()
    if options.fill_blocks:
        lines += [FILLER] * (-len(lines) % BLOCKING_FACTOR)
    end = _LINE_ENDS[options.line_end]
    data = "".join(line + end for line in lines).encode("ascii")
    _comes_back(prepared, data)
    return data


class _Lines:
    """The records of a document, and the totals of its file control."""

    def __init__(self, document: PaymentFile) -> None:
        self.document = document
        self.records = self.hashed = self.debit = self.credit = 0
        self.last_batch = 0

    def all(self) -> list[str]:
        lines = [_file_header(self.document)]
        for place, batch in enumerate(self.document.batches, 1):
            lines += self._batch(batch, f"batch {place}")
        blocks = -(-(len(lines) + 1) // BLOCKING_FACTOR)
        _limit(max(self.debit, self.credit), _TOTAL_MAX, "total of the file", "file")
        lines.append(
            f"9{len(self.document.batches):06d}{blocks:06d}{self.records:08d}"
            f"{self.hashed % HASH_MODULUS:010d}{self.debit:012d}{self.credit:012d}".ljust(94)
        )
        return lines

    def _batch(self, batch: PaymentBatch, where: str) -> list[str]:
        self._number(batch, where)
        lines = [_batch_header(batch, where)]
        last = ""
        for place, payment in enumerate(batch.payments, 1):
            here = f"{where}, payment {place}"
            _trace(payment, batch, last, here)
            last = payment.rail_reference
            lines += entry_lines(payment, batch, here)
        lines.append(self._control(batch, lines, where))
        return lines

    def _control(self, batch: PaymentBatch, lines: list[str], where: str) -> str:
        count = len(lines) - 1
        hashed = sum(int(line[3:11]) for line in lines if line[0] == "6")
        minors = [(KINDS[one.transaction_code].credit, one.amount.minor) for one in batch.payments]
        credit = sum(minor for is_credit, minor in minors if is_credit)
        debit = sum(minor for is_credit, minor in minors if not is_credit)
        _limit(max(debit, credit), _TOTAL_MAX, "total of the batch", where)
        _limit(count, _COUNT_MAX, "number of records of the batch", where)
        self.records += count
        self.hashed += hashed
        self.debit += debit
        self.credit += credit
        return (
            f"8{batch.service_class}{count:06d}{hashed % HASH_MODULUS:010d}"
            f"{debit:012d}{credit:012d}{batch.own.identifier:<10}{'':25}{lines[0][79:94]}"
        )

    def _number(self, batch: PaymentBatch, where: str) -> None:
        value = int(numeric(batch.batch_id, 7, "batch number", where))
        if value <= self.last_batch or len(batch.batch_id) != 7:
            raise refuse(
                "batch_number_wrong",
                where,
                f"The batch number {batch.batch_id!r} is not seven digits above the one before.",
                "Number the batches upwards, or set batch_number_start in the profile.",
            )
        self.last_batch = value


def _limit(value: int, most: int, what: str, where: str) -> None:
    if value > most:
        happened = f"The {what} is {value}; Nacha has room for {most}."
        raise refuse("total_too_large", where, happened, "Split the payments.")


def _file_header(document: PaymentFile) -> str:
    where = "file"
    created = _CREATED.match(document.created_at)
    if created is None:
        raise refuse(
            "created_at_wrong",
            where,
            f"The time of creation {document.created_at!r} is not like 2026-11-22T13:45.",
            "Give it without a zone, in this century.",
        )
    stamp = "".join(created.groups(default="")).ljust(10)
    agent, party = document.forwarding_agent, document.initiator
    modifier = code_of(document.codes, "file_id_modifier")
    return (
        f"101{_ten(agent.member_id, 'immediate destination')}"
        f"{_ten(party.identifier, 'immediate origin')}{stamp}"
        f"{alphameric(modifier, 1, 'file id modifier', where)}094101"
        f"{alphameric(agent.name, 23, 'name of the immediate destination', where)}"
        f"{alphameric(party.name, 23, 'name of the immediate origin', where)}"
        f"{alphameric(document.message_id, 8, 'reference code', where)}"
    )


def _ten(value: str, what: str) -> str:
    """Ten characters, right-justified: a routing number has a blank before it."""
    if not value:
        happened = f"Nothing says the {what}."
        can_do = "Set it in the profile."
        raise refuse("number_wrong", "file", happened, can_do)
    return alphameric(value, 10, what, "file").strip().rjust(10)


def _batch_header(batch: PaymentBatch, where: str) -> str:
    sec_code = batch.local_instrument
    if sec_code in _NOT_WRITTEN or len(sec_code) != 3:
        raise refuse(
            "sec_code_not_written",
            where,
            f"Batches of the standard entry class {sec_code!r} are not written.",
            "Name the class (PPD, CCD, CTX ...) in local_instrument or in the profile.",
        )
    if not batch.payments:
        happened = "The batch holds no payments."
        raise refuse("batch_empty", where, happened, "Leave it out.")
    codes = batch.codes
    names = _international_names(codes, where) if sec_code == "IAT" else _names(batch, where)
    return (
        f"5{numeric(batch.service_class, 3, 'service class', where)}{names[0]}"
        f"{alphameric(batch.own.identifier, 10, 'company identification', where)}"
        f"{alphameric(sec_code, 3, 'standard entry class', where)}"
        f"{alphameric(batch.entry_description, 10, 'entry description', where)}{names[1]}"
        f"{_day(batch.requested_date, where)}"
        f"{alphameric(code_of(codes, 'settlement_day'), 3, 'settlement day', where)}"
        f"{alphameric(code_of(codes, 'originator_status') or '1', 1, 'originator status', where)}"
        f"{numeric(batch.own_agent.member_id, 8, 'originating bank (odfi)', where)}{batch.batch_id}"
    )


def _names(batch: PaymentBatch, where: str) -> tuple[str, str]:
    """Positions 5 to 40 and 64 to 69 of a batch header."""
    codes = batch.codes
    return (
        alphameric(batch.own.name, 16, "company name", where)
        + alphameric(code_of(codes, "company_discretionary_data"), 20, "discretionary data", where),
        alphameric(code_of(codes, "company_descriptive_date"), 6, "descriptive date", where),
    )


def _international_names(codes: tuple[tuple[str, str], ...], where: str) -> tuple[str, str]:
    """The same positions in a batch of international entries."""
    lengths = {
        "international_indicator": 16,
        "foreign_exchange_indicator": 2,
        "foreign_exchange_reference_indicator": 1,
        "foreign_exchange_reference": 15,
        "destination_country": 2,
        "originating_currency": 3,
        "destination_currency": 3,
    }
    told = [
        alphameric(code_of(codes, name), length, name.replace("_", " "), where)
        for name, length in lengths.items()
    ]
    return "".join(told[:5]), "".join(told[5:])


def _day(day: date | None, where: str) -> str:
    if day is None:
        return " " * 6
    if not 2000 <= day.year <= 2099:
        happened = f"The effective entry date {day} is not of this century."
        raise refuse("created_at_wrong", where, happened, "Correct the date.")
    return f"{day:%y%m%d}"


def _trace(payment: Payment, batch: PaymentBatch, last: str, where: str) -> None:
    """Trace numbers begin with the ODFI and ascend, so that none is used twice."""
    trace = payment.rail_reference
    if trace <= last or len(trace) != 15 or not trace.startswith(batch.own_agent.member_id):
        raise refuse(
            "trace_number_wrong",
            where,
            f"The trace number {trace!r} is not the ODFI's eight digits and seven above the last.",
            "Set trace_number_start in the profile, or give ascending numbers.",
        )


def _comes_back(document: PaymentFile, data: bytes) -> None:
    """Read the file that was made; raises Invalid (`not_carried`) if anything is not the same."""
    found: list[Any] = list(assemble(read(BytesIO(data), Profile())))
    again = next((item for item in found if isinstance(item, PaymentFile)), None)
    problems = (item for item in found if isinstance(item, Problem))
    # What the text inside CTX says is between payer and payee, what describes a batch is the bank's
    # and the customer's; that both are carried is checked below.
    theirs_to_say = ("remittance_", *ODD_DESCRIPTIONS)
    problem = next((one for one in problems if not one.code.startswith(theirs_to_say)), None)
    if again is None or problem is not None:
        sentence = problem.sentence if problem else "The file cannot be read back."
        where = str(problem.location) if problem else "file"
        raise refuse("not_carried", where, sentence, "Correct the payment.")
    _same(document, again, "file", PaymentFileHeader.__struct_fields__)
    for place, (ours, theirs) in enumerate(zip_longest(document.batches, again.batches), 1):
        fields = tuple(name for name in ours.__struct_fields__ if name != "payments")
        _same(ours, theirs, f"batch {place}", fields)
        for item, (one, other) in enumerate(zip_longest(ours.payments, theirs.payments), 1):
            if one != (back := unplaced(other)):
                _same(one, back, f"batch {place}, payment {item}", Payment.__struct_fields__)


def unplaced(payment: Payment) -> Payment:
    """A payment without the places of where it was read."""
    documents = tuple(
        replace(
            document,
            location=NOWHERE,
            adjustments=tuple(replace(one, location=NOWHERE) for one in document.adjustments),
        )
        for document in payment.documents
    )
    return replace(payment, location=NOWHERE, documents=documents)


def _same(ours: msgspec.Struct, theirs: Any, where: str, fields: tuple[str, ...]) -> None:
    for name in fields:
        said, back = getattr(ours, name), getattr(theirs, name)
        if name == "codes":  # Their order says nothing.
            said, back = sorted(said), sorted(back)
        if name != "location" and said != back:
            raise refuse(
                "not_carried",
                where,
                f"A Nacha file cannot carry the {name} {_shown(said)}.",
                "Correct it, or name it in leave_out of the profile if the bank need not know.",
                name,
            )


def _shown(value: Any) -> str:
    """A value as people know it: a party or bank by its name or number."""
    told = msgspec.structs.asdict(value) if isinstance(value, msgspec.Struct) else {}
    names = ("name", "iban", "number", "member_id", "bic", "mandate_id")
    known = next((told[name] for name in names if told.get(name)), value)
    return f"{known!r:.100}"
