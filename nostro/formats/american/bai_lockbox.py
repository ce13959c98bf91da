"""What a bank's lockbox took in: BAI lockbox files, by a layout that is data.

BAI Lockbox Communications Standards for Banks: records 1 immediate header, 2 service, 5 detail
header, 6 detail, 4 overflow, 7 batch total, 8 lockbox total, 9 trailer. Banks vary the columns and
some use three of the eight: the layout is an option, the standard's its default.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime
from functools import lru_cache
from typing import BinaryIO, Literal

import msgspec

from nostro.domain.currency import EXPONENT
from nostro.domain.errors import Invalid
from nostro.domain.lockbox import LockboxDeposit, LockboxItem, LockboxTrailer
from nostro.domain.money import DIGITS_MAX, Money
from nostro.domain.problem import Location, Problem, error, warning
from nostro.domain.remittance import ReferredDocument
from nostro.formats import Format, Profile, options_of
from nostro.formats.source import Lines

_KEPT = "The original is kept; nothing was booked from it."
_ASK = "Ask the bank for a corrected file."
_HEAD = re.compile(
    rb"(?:\xef\xbb\xbf)?(?:"
    rb"1\d\d[^\r\n]{20}\d{10}[ ]*[\r\n]+[256]"
    rb"|5\d{6}[^\r\n]{7}\d{6}[^\r\n]*[\r\n]+6\d{16}"
    rb")"
)
_SURE = 90
# A file has one service record, a check 99 overflow records at most (their number has two digits).
SERVICE_RECORDS_MAX = 20
DOCUMENTS_MAX = 5_000
Columns = dict[str, tuple[int, int]]
_PLACE: Columns = {"batch": (2, 3), "item": (5, 3)}
# Record type to field to (first column from 1, length); length 0 runs to the end of the line.
STANDARD: dict[str, Columns] = {
    "1": {
        "priority": (2, 2), "destination": (4, 10), "origin": (14, 10), "date": (24, 6),
        "time": (30, 4),
    },
    "2": {
        "ultimate_destination": (2, 10), "ultimate_origin": (12, 10), "reference": (22, 10),
        "service": (32, 3), "record_size": (35, 3), "blocking_factor": (38, 4), "format": (42, 1),
    },
    "5": {
        **_PLACE, "lockbox": (8, 7), "date": (15, 6), "destination": (21, 10), "origin": (31, 10),
    },
    "6": {
        **_PLACE, "amount": (8, 10), "routing": (18, 9), "account": (27, 10),
        "check_number": (37, 10), "check_date": (47, 6), "remitter": (53, 30), "payee": (83, 0),
    },
    "4": {
        **_PLACE, "kind": (8, 1), "sequence": (9, 2), "last": (11, 1), "document": (12, 20),
        "paid": (32, 10),
    },
    "7": {**_PLACE, "lockbox": (8, 7), "date": (15, 6), "count": (21, 3), "total": (24, 10)},
    "8": {**_PLACE, "lockbox": (8, 7), "date": (15, 6), "count": (21, 4), "total": (25, 10)},
    "9": {"count": (2, 6)},
}  # fmt: skip
_DEPOSIT_FIELDS = frozenset({"batch", "item", "lockbox", "date", "destination", "origin"})
_ITEM_FIELDS = frozenset(
    {"batch", "item", "amount", "routing", "account", "check_number", "check_date", "remitter",
     "payee", "document", "paid", "kind", "sequence", "last"}
)  # fmt: skip


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A bank's dialect: `columns` replaces or adds fields of a record type (length 0: to the end).

    A record 6 may hold `document` and `paid` as well. `documents` is how many pairs of them a
    record holds, one after the other. `trailer` false: the bank sends no record 9. `lockbox` is the
    number where no record names it. `check_date` is how the day of a check is written.
    """

    columns: dict[Literal["1", "2", "4", "5", "6", "7", "8", "9"], Columns] = {}
    currency: str = "USD"
    documents: int = 1
    trailer: bool = True
    lockbox: str = ""
    check_date: Literal["MMDDYY", "YYMMDD"] = "MMDDYY"


@lru_cache(maxsize=1024)
def _day(text: str, order: str = "YYMMDD") -> date | None:
    if len(text) != 6 or not (text.isascii() and text.isdigit()):
        return None
    day = text if order == "YYMMDD" else f"{text[4:]}{text[:4]}"
    try:
        return date.fromisoformat(f"20{day}")
    except ValueError:
        return None


class Deposits:
    """The state of reading: deposit, item not yet complete, totals of batch and lockbox."""

    def __init__(self, options: Options) -> None:
        self.options = options
        if options.currency not in EXPONENT:
            happened = f"{options.currency[:10]!r} is not an ISO 4217 currency code we know."
            can_do = "Name the lockbox's currency in the profile, for example USD."
            raise Invalid("unknown_currency", happened, _KEPT, can_do, location="profile")
        self.layout = {kind: {**told, **options.columns.get(kind, {})}  # type: ignore[call-overload]
                       for kind, told in STANDARD.items()}  # fmt: skip
        self.created: datetime | None = None
        self.parties = {"destination": "", "origin": ""}
        self.codes: list[tuple[str, str]] = []
        self.open = self.ended = False
        self.item: LockboxItem | None = None
        self.documents: list[ReferredDocument] = []
        self.item_codes: list[tuple[str, str]] = []
        self.services = 0
        self.records = self.line = self.deposits = self.items = 0
        self.batch = [0, 0]
        self.deposit = [0, 0]
        self.doing = {
            "1": self._file, "2": self._service, "5": self._deposit, "6": self._item,
            "4": self._overflow, "7": self._batch_end, "8": self._deposit_end, "9": self._file_end,
        }  # fmt: skip

    def take(self, number: int, line: str) -> Iterator[object]:
        self.line = number
        if not line.strip(" \x1a"):
            return
        self.records += 1
        kind = line[0]
        doing = self.doing.get(kind)
        if doing is None:
            happened = f"A record begins with {kind!r}, which is no lockbox record."
            yield error("record_unknown", happened, _ASK, self._place(), line)
            return
        if kind not in "46":
            yield from self._item_end()
        yield from doing(self._fields(kind, line), line)

    def _fields(self, kind: str, line: str) -> dict[str, str]:
        """The fields of a record; `rest` is what stands after the last column of the layout."""
        columns = self.layout[kind]
        found = {
            name: (line[at - 1 : at - 1 + length] if length else line[at - 1 :]).strip()
            for name, (at, length) in columns.items()
        }
        if all(length for _, length in columns.values()):
            end = max(at - 1 + length for at, length in columns.values())
            if "document" in columns:
                more = self.options.documents - 1
                end += more * (columns["document"][1] + columns.get("paid", (0, 0))[1])
            if rest := line[end:].strip():
                found["rest"] = rest
        return found

    def _place(self, path: str = "") -> Location:
        return Location(line=self.line, path=path or f"deposit {self.deposits or 1}")

    def _file(self, fields: dict[str, str], line: str) -> Iterator[object]:
        told, hour = _day(fields["date"]), fields["time"]
        self.created, self.services = None, 0
        self.codes = [("1 priority", fields["priority"])] if fields["priority"] else []
        self.parties = {name: fields[name] for name in ("destination", "origin")}
        if told and re.fullmatch(r"([01]\d|2[0-3])[0-5]\d", hour, re.ASCII):
            self.created = datetime.combine(told, datetime.min.time()).replace(
                hour=int(hour[:2]), minute=int(hour[2:])
            )
        elif fields["date"]:
            yield self._date_odd(f"{fields['date']} {hour}", "The file was made", line)
        self._keep("1", fields, {"destination", "origin", "date", "time", "priority"})

    def _service(self, fields: dict[str, str], line: str) -> Iterator[object]:
        self.services += 1
        if self.services > SERVICE_RECORDS_MAX:
            happened = f"The file has more than {SERVICE_RECORDS_MAX} service records."
            yield error("too_many_records", happened, _ASK, self._place(), line)
            return
        self._keep("2", fields, set())

    def _keep(self, kind: str, fields: dict[str, str], known: set[str]) -> None:
        self.codes += [
            (f"{kind} {name}", text) for name, text in fields.items() if text and name not in known
        ]

    def _deposit(self, fields: dict[str, str], line: str) -> Iterator[object]:
        yield from self._close(None, None)
        self.deposits += 1
        self.open, self.batch, self.deposit = True, [0, 0], [0, 0]
        told = fields.get("date", "")
        day = _day(told)
        if told and day is None:
            yield self._date_odd(told, "The deposit was made", line)
        rest = [(f"5 {n}", text) for n, text in fields.items() if n not in _DEPOSIT_FIELDS and text]
        yield LockboxDeposit(
            lockbox=fields.get("lockbox", "") or self.options.lockbox,
            deposited=day,
            currency=self.options.currency,
            destination=fields.get("destination") or self.parties["destination"],
            origin=fields.get("origin") or self.parties["origin"],
            created_at=self.created,
            codes=(*self.codes, *rest),
            location=self._place(),
        )

    def _date_odd(self, text: str, what: str, line: str) -> Problem:
        happened = f"{what} on a day that is none ({text[:20]!r}); it was left empty."
        can_do = "Look at the bank's own report."
        return warning("date_unreadable", happened, can_do, self._place(), line)

    def _minor(self, text: str) -> int | None:
        fits = text.isascii() and text.isdigit() and len(text.lstrip("0")) <= DIGITS_MAX
        return int(text) if fits else None

    def _item(self, fields: dict[str, str], line: str) -> Iterator[object]:
        yield from self._item_end()
        if not self.open:
            yield from self._deposit({}, line)
        self.items += 1
        path = f"deposit {self.deposits}, item {self.items}"
        minor = self._minor(fields["amount"])
        if minor is None:
            happened = f"The amount of a check is not a number ({fields['amount'][:20]!r})."
            yield error("amount_unreadable", happened, _ASK, self._place(path), line)
            return
        told = fields.get("check_date", "").strip("0")
        day = _day(fields["check_date"], self.options.check_date) if told else None
        if told and day is None:
            yield self._date_odd(fields["check_date"], "A check was written", line)
        rest = {n: text for n, text in fields.items() if n not in _ITEM_FIELDS and text}
        self.item = LockboxItem(
            batch=fields["batch"],
            item=fields["item"],
            amount=Money(minor, self.options.currency),
            routing=fields.get("routing", ""),
            account=fields.get("account", ""),
            check_number=fields.get("check_number", ""),
            check_day=day,
            remitter=fields.get("remitter", ""),
            payee=fields.get("payee", ""),
            location=self._place(path),
        )
        self.documents, self.item_codes = [], [(f"6 {n}", text) for n, text in rest.items()]
        yield from self._documents("6", line)

    def _overflow(self, fields: dict[str, str], line: str) -> Iterator[object]:
        if self.item is None or self.item.item != fields["item"]:
            happened = "An overflow record does not follow the check it belongs to."
            yield error("overflow_out_of_place", happened, _ASK, self._place(), line)
            return
        if len(self.documents) + len(self.item_codes) > DOCUMENTS_MAX:
            happened = f"A check has more than {DOCUMENTS_MAX:,} invoices."
            yield error("too_many_records", happened, _ASK, self._place(), line)
            return
        if rest := fields.get("rest"):
            self.item_codes.append(("4 rest", rest))
        yield from self._documents("4", line)

    def _documents(self, kind: str, line: str) -> Iterator[Problem]:
        """The invoices that a record names: pairs of number and amount, one after the other."""
        columns = self.layout[kind]
        if self.item is None or "document" not in columns:
            return
        (at, length), (paid_at, paid_length) = columns["document"], columns.get("paid", (0, 0))
        step = length + paid_length
        for number in range(self.options.documents):
            begin = at - 1 + number * step
            name = (line[begin : begin + length] if length else line[begin:]).strip()
            amount = line[paid_at - 1 + number * step :][:paid_length].strip() if paid_at else ""
            if not name and not amount:
                continue
            minor = self._minor(amount) if amount else None
            if amount and minor is None:
                happened = f"The amount of invoice {name!r} is not a number ({amount[:20]!r})."
                yield error("amount_unreadable", happened, _ASK, self._place(), line)
                continue
            paid = None if minor is None else Money(minor, self.options.currency)
            self.documents.append(ReferredDocument(number=name, paid=paid, location=self._place()))

    def _item_end(self) -> Iterator[object]:
        item, self.item = self.item, None
        if item is None:
            return
        for totals in (self.batch, self.deposit):
            totals[0] += 1
            totals[1] += item.amount.minor
        item = msgspec.structs.replace(
            item, documents=tuple(self.documents), codes=tuple(self.item_codes)
        )
        paid = [document.paid for document in item.documents]
        told = sum(money.minor for money in paid if money)
        if paid and all(paid) and told != item.amount.minor:
            named = Money(told, item.amount.currency)
            happened = f"The invoices of a check of {item.amount} come to {named}."
            can_do = "Ask the remitter what the difference is for."
            yield warning("check_not_explained", happened, can_do, item.location)
        yield item

    def _batch_end(self, fields: dict[str, str], line: str) -> Iterator[object]:
        found, self.batch = self.batch, [0, 0]
        yield from self._check("batch", fields, found, line)

    def _deposit_end(self, fields: dict[str, str], line: str) -> Iterator[object]:
        yield from self._check("lockbox", fields, self.deposit, line)
        yield from self._close(self._minor(fields["count"]), self._minor(fields["total"]))

    def _check(
        self, level: str, fields: dict[str, str], found: list[int], line: str
    ) -> Iterator[Problem]:
        for name, have in zip(("count", "total"), found, strict=True):
            text = fields.get(name, "")
            if text and self._minor(text) != have:
                happened = f"The {level} states a {name} of {text[:20]}; its checks make {have}."
                yield error("control_total_mismatch", happened, _ASK, self._place(), line)

    def _close(self, count: int | None, total: int | None) -> Iterator[object]:
        """The end of the open deposit, if there is one."""
        if not self.open:
            return
        self.open, currency = False, self.options.currency
        yield LockboxTrailer(
            item_count=self.deposit[0],
            total=Money(self.deposit[1], currency),
            stated_count=count,
            stated_total=None if total is None else Money(total, currency),
            location=self._place(),
        )

    def _file_end(self, fields: dict[str, str], line: str) -> Iterator[object]:
        yield from self._close(None, None)
        told = fields["count"]
        if told and self._minor(told) != self.records:
            happened = f"The trailer states {told} records; there are {self.records}."
            yield error("record_count_mismatch", happened, _ASK, self._place(), line)
        self.records, self.ended = 0, True

    def end(self) -> Iterator[object]:
        yield from self._item_end()
        yield from self._close(None, None)
        if self.options.trailer and not (self.ended and not self.records):
            happened = "The file ends before its trailer, record 9: it is cut."
            can_do = "Fetch it again; if the bank sends no trailers, say so in the profile."
            where = f"line {self.line or 1}"
            raise Invalid("lockbox_cut", happened, _KEPT, can_do, location=where)


def identify(head: bytes) -> int:
    """Record 1 with a date and time and nothing after, or records 5 and 6, in their columns."""
    return _SURE if _HEAD.match(head) else 0


def read(stream: BinaryIO, profile: Profile) -> Iterator[object]:
    """Yield LockboxDeposit, LockboxItem..., LockboxTrailer for each deposit, in constant memory.

    Raises Invalid with a location for whatever `Lines` refuses, and `lockbox_cut`,
    `unknown_currency`, `profile_option_wrong`. Book nothing before the iterator has ended.
    """
    deposits = Deposits(options_of(profile, Options))
    lines = Lines(stream, profile)
    for number, line in lines:
        yield from lines.take_problems()
        yield from deposits.take(number, line)
    yield from deposits.end()


FORMAT = Format(
    name="bai_lockbox",
    media_type="text/plain",
    standard="BAI Lockbox Communications Standards for Banks",
    section="Records 1 2 4 5 6 7 8 9",
    identify=identify,
    options=Options,
    read=read,
)
