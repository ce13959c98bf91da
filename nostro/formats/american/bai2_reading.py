"""The levels of a BAI2 file: file, group and account, and what their trailers must add up to.

Cash Management Balance Reporting Specifications Version 2, sections 01 to 49 and 98, 99. The group
says of which day and how final its accounts are: only a final report of the day before is taken
for a statement of record, the other as-of modifiers are reports during the day.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import BinaryIO, Literal

import msgspec

from nostro.domain.balance_gate import BalanceGate
from nostro.domain.currency import EXPONENT
from nostro.domain.errors import Invalid
from nostro.domain.problem import Location, Problem, error, warning
from nostro.domain.statement import StatementHeader, StatementTrailer
from nostro.formats import Profile
from nostro.formats.american.bai2_account import Account
from nostro.formats.american.bai2_codes import CREDIT, DEBIT
from nostro.formats.american.bai2_fields import Fields, day_of, moment_of
from nostro.formats.american.bai2_levels import (
    Group,
    Level,
)
from nostro.formats.american.bai2_records import Entries, LogicalRecords, Record
from nostro.formats.source import Lines
from nostro.formats.verdicts import Endings

_KEPT = "The original is kept; nothing was booked from it."
_ASK = "Ask the bank for a corrected file."


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A bank's dialect of BAI2.

    `currency` is that of accounts and groups that name none (the standard says USD). `codes` gives
    a direction to the bank's own type codes. `text_join` stands between the continuation records
    of a text. The others are for writing, see `bai2_writer`.
    """

    currency: str = "USD"
    codes: dict[str, Literal["credit", "debit", "information"]] = {}
    text_join: Literal["\n", " ", ""] = "\n"
    sender: str = ""
    receiver: str = ""
    record_length: int = 0
    summarise: bool = False
    transliterate: bool = False


class Reading:
    """The state of reading one file; `control` yields what a record other than 16 brings.

    `usable` says whether the current account's currency and number allow to hand out its entries.
    """

    def __init__(self, options: Options, logical: LogicalRecords) -> None:
        self.options = options
        self.logical = logical
        self.records = 0
        self.statements = 0
        self.file: Level | None = None
        self.group: Level | None = None
        self.level: Level | None = None
        self.told = Group(Fields(""))
        self.account: Account | None = None
        self.header: StatementHeader | None = None
        self.file_codes: list[tuple[str, str]] = []
        self.file_day: date | None = None
        self.file_id = ""
        self.name = ""  # Of the statement, as the bank gives it; its id may have a number behind.
        self.endings = Endings()
        self.created: datetime | None = None
        self.seen: dict[tuple[str, str], int] = {}
        self.line = 1
        self.doing = {
            "01": self._file, "02": self._group, "03": self._account,
            "49": self._account_end, "98": self._group_end, "99": self._file_end,
        }  # fmt: skip

    @property
    def usable(self) -> bool:
        return self.header is not None

    def control(self, record: Record) -> Iterator[object]:
        self.line = record.line
        self.records += record.physical - self.logical.take_uncounted()
        yield from self.logical.take_problems()
        doing = self.doing.get(record.code)
        if doing is None:
            yield self._out_of_place(record)
        else:
            yield from doing(record)

    def end(self) -> Iterator[object]:
        """The end of the stream. Raises Invalid (`bai2_file_cut`, `bai2_file_header_missing`)."""
        yield from self.logical.take_problems()
        if self.file is None and self.records:
            return
        happened = "The file ends before its trailer, record 99: it is cut."
        code = "bai2_file_cut"
        if not self.records:
            code, happened = "bai2_file_header_missing", "The file holds no records."
        can_do = "Fetch it again."
        raise Invalid(code, happened, _KEPT, can_do, location=f"line {self.line}")

    def useless(self, entries: Entries) -> Iterator[Problem]:
        """Entries outside of an account, or of one that cannot be used: these only add up."""
        self.records += entries.physical
        if self.account is None:
            self.line = entries.line
            happened = "Entries, records 16, stand outside of an account."
            place, raw = Location(line=entries.line), f"16,{entries.bodies[0]}"
            yield error("record_out_of_place", happened, _ASK, place, raw)
            return
        for _ in self.account.entries(entries):
            pass

    def take_problems(self) -> list[Problem]:
        """What the current account noticed; of an account that cannot be used nothing more."""
        found = self.account.take_problems() if self.account is not None else []
        return found if self.usable else []

    def _out_of_place(self, record: Record | None) -> Problem:
        code, raw = (record.code, record.text()) if record else ("", "")
        happened = f"A record {code} stands where it cannot be."
        return error("record_out_of_place", happened, _ASK, Location(line=self.line), raw)

    # ---- File

    def _file(self, record: Record) -> Iterator[object]:
        if self.file is not None:
            yield from self._file_end(None)
        self.file = Level("file", "groups", self.records - record.physical)
        fields = Fields(record.body)
        sender, receiver, made, at, self.file_id = (fields.take() for _ in range(5))
        length, block, version = (fields.take() for _ in range(3))
        day = self.file_day = day_of(made)
        self.created = moment_of(day, at) if day else None
        usual = self.created is not None and at == f"{self.created:%H%M}"
        told = {
            "sender": sender,
            "receiver": receiver,
            "record_length": length,
            "block_size": block,
            "version": "" if version == "2" else version,
            "file_date": "" if day else made,
            "file_time": "" if usual else at,
        }
        self.file_codes = [(name, text) for name, text in told.items() if text]
        self.seen.clear()
        if self.created is None:
            happened = f"The file does not say when it was made ({made[:20]!r}, {at[:20]!r})."
            can_do = "Nothing: the time of receipt is kept."
            yield warning("created_unreadable", happened, can_do, Location(line=self.line))

    def _file_end(self, record: Record | None) -> Iterator[object]:
        if self.group is not None:
            yield from self._group_end(None)
        level, self.file = self.file, None
        if level is None:
            yield self._out_of_place(record)
            return
        yield from level.check(record, self.records, Location(line=self.line))[1]

    # ---- Group

    def _group(self, record: Record) -> Iterator[object]:
        if self.file is None:
            yield self._out_of_place(record)
            return
        if self.group is not None:
            yield from self._group_end(None)
        self.group = Level("group", "accounts", self.records - record.physical)
        group = self.told = Group(Fields(record.body))
        place = Location(line=self.line)
        if group.day is None:
            happened = f"The group has no readable as-of date ({group.told_day[:20]!r})."
            group.day = self.file_day
            if group.day is None:
                yield error("as_of_date_unreadable", happened, _ASK, place, record.text())
            else:
                can_do = "Check the day of the balances; that of the file was taken."
                yield warning("as_of_date_missing", happened, can_do, place, record.text())
        yield from group.problems(place)

    def _group_end(self, record: Record | None) -> Iterator[object]:
        if self.account is not None:
            yield from self._account_end(None)
        level, self.group = self.group, None
        if level is None:
            yield self._out_of_place(record)
            return
        stated, problems = level.check(record, self.records, Location(line=self.line))
        yield from problems
        if self.file is not None:
            self.file.total += stated
            self.file.members += 1

    # ---- Account

    def _account(self, record: Record) -> Iterator[object]:
        if self.account is not None:
            yield from self._account_end(None)
        if self.group is None:
            yield self._out_of_place(record)
            return
        self.level = Level("account", "", self.records - record.physical)
        fields = Fields(record.body)
        number = fields.take()
        currency = (fields.take() or self.told.currency).upper() or self.options.currency
        self.statements += 1
        account = self.account = Account(
            f"statement {self.statements}",
            currency,
            self.told.day,
            self.told.booked,
            self.options.codes,
            self.options.text_join,
        )
        place = account.location(self.line)
        self.header = None
        if currency not in EXPONENT:
            happened = f"{currency[:10]!r} is not an ISO 4217 currency code we know."
            yield error("unknown_currency", happened, _ASK, place, record.text())
            account.currency = "USD"  # Its amounts only add up; none is handed out.
        elif not number:
            yield error("account_missing", "The account has no number.", _ASK, place, record.text())
        else:
            self.header = self._header(number, currency, place)
            yield self.header
        account.status(fields, self.line)
        yield from self.take_problems()

    def _header(self, number: str, currency: str, place: Location) -> StatementHeader:
        made = f"{self.file_day:%y%m%d}" if self.file_day else ""
        day = self.told.day
        name = f"{made}/{self.file_id}/{day:%y%m%d}" if day else f"{made}/{self.file_id}"
        self.name = name
        seen = self.seen[number, name] = self.seen.get((number, name), 0) + 1
        return StatementHeader(
            statement_id=name if seen == 1 else f"{name}/{seen}",
            account=number,
            currency=currency,
            kind=self.told.kind,
            sequence=None,
            created_at=self.created,
            from_day=day,
            to_day=day,
            bank_code=self.told.originator,
            location=place,
        )

    def _account_end(self, record: Record | None) -> Iterator[object]:
        account, level, header = self.account, self.level, self.header
        if account is None or level is None:
            yield self._out_of_place(record)
            return
        account.add_up()
        level.total = account.sum
        account.check_totals(self.line)
        yield from self.take_problems()
        self.account = None
        place = account.location(self.line)
        stated, problems = level.check(record, self.records, place)
        yield from problems
        if self.group is not None:
            self.group.total += stated
            self.group.members += 1
        if header is not None:
            gate = _gate(account)
            named = msgspec.structs.replace(header, statement_id=self.name)
            trailer = self._trailer(account, gate, header, place)
            yield from self.endings.statement(named, trailer, gate)

    def _trailer(
        self, account: Account, gate: BalanceGate, header: StatementHeader, place: Location
    ) -> StatementTrailer:
        return StatementTrailer(
            balances=tuple(account.balances),
            entry_count=account.entry_count - account.unreadable,
            verdict=gate.verdict(account.balances, header.kind),
            location=place,
            codes=(*self.file_codes, *self.told.codes(), *account.codes),
        )


def _gate(account: Account) -> BalanceGate:
    gate = BalanceGate()
    gate.unreadable = account.unreadable
    (credits_, credited), (debits, debited) = account.sums[CREDIT], account.sums[DEBIT]
    gate.booked = credits_ + debits
    gate.sums = {account.currency: credited - debited} if gate.booked else {}
    return gate


def reading(stream: BinaryIO, options: Options, profile: Profile | None = None) -> Iterator[object]:
    """The records of a file, as `bai2.read` describes them."""
    logical = LogicalRecords(Lines(stream, profile or Profile()))
    state = Reading(options, logical)
    for record in logical:
        if isinstance(record, Record):
            yield from state.control(record)
        elif state.usable and state.account is not None:
            state.records += record.physical
            yield from state.account.entries(record)
        else:
            yield from state.useless(record)
    yield from state.end()
