"""SWIFT statements (MT940, MT942, MT950) as records: pages joined, sums checked, nothing dropped.

SWIFT Standards MT, category 9. One reader for the three types: a message says itself which one it
is, and banks put several types into one file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import BinaryIO

from nostro.domain.balance_gate import BalanceGate
from nostro.domain.currency import EXPONENT
from nostro.domain.errors import Invalid
from nostro.domain.money import Money
from nostro.domain.problem import Location, Problem, error, warning
from nostro.domain.statement import Balance, Entry, ReportKind, StatementHeader, StatementTrailer
from nostro.formats import Profile, options_of
from nostro.formats.source import Lines
from nostro.formats.swift.fin import END, KEPT, Fields, Grammar
from nostro.formats.swift.statement_heads import (
    HEAD,
    Account,
    Page,
    closing_missing,
    head_problems,
    header_of,
    page_missing,
)
from nostro.formats.swift.statement_lines import (
    BALANCE_CODES,
    MARK_SIGNS,
    Context,
    StatementOptions,
    Unchecked,
    balance_of,
    balance_on,
    entry_of,
    minor_of,
)
from nostro.formats.verdicts import Endings

_FOOT = ("62F", "62M", "64", "65", "90C", "90D")
GRAMMAR = Grammar(
    sections={"61": "lines", **dict.fromkeys(_FOOT, "foot")},
    closed={"lines": frozenset(("61", "86", "NS", *_FOOT))},
)
FIELDS_MAX = 5_000
_SUM = re.compile(r"\s*([0-9]*)([A-Z]{3})([0-9]+(?:,[0-9]*)?)\s*\Z")


class _Statement:
    """One statement while it is read, over all its pages."""

    def __init__(self, header: StatementHeader) -> None:
        self.header = header
        self.gate = BalanceGate()
        self.entries = 0
        self.balances: list[Balance] = []
        self.waiting: list[Unchecked] = []
        self.closings: list[Unchecked] = []  # The first :62F:, and the first that differs from it.
        self.texts: list[str] = []
        self.codes: list[tuple[str, str]] = []
        self.last_page = header.page
        self.ended_by = ""
        self.last_day: date | None = None

    def closing_page(self) -> Unchecked | None:
        pages = [balance for balance in self.waiting if balance.tag == "62M"]
        return pages[-1] if pages else None


class Reading:
    """The records of one file of statements; see `read_statements`."""

    def __init__(self, options: StatementOptions) -> None:
        self.options = options
        signs = dict(MARK_SIGNS)
        if options.reversal == "flipped":
            signs["RC"], signs["RD"] = 1, -1
        self.signs = signs
        self.page = Page()
        self.statement: _Statement | None = None
        self.endings = Endings()
        self.number = 0
        self.context = Context(options.currency, 0, signs, options.narrative)

    # --- entries: the hot path

    def entry(
        self, line: int, text: str, narrative: list[tuple[str, str]]
    ) -> Sequence[Entry | Problem]:
        statement, page = self.statement, self.page
        if statement is None:
            return ()
        statement.entries += 1
        path = f"statement {self.number}, entry {statement.entries}"
        found, odd = entry_of(line, text, narrative, path, self.context)
        if type(found) is Entry:
            statement.gate.add(found)
            minor = found.amount.minor
            side = minor < 0
            page.counts[side] += 1
            page.totals[side] += minor
            statement.last_day = found.booked or found.value or statement.last_day
        else:
            statement.gate.unreadable += 1
        return (*odd, found) if odd else (found,)

    # --- everything else

    def take(self, line: int, tag: str, text: str) -> Iterator[object]:
        page = self.page
        if tag == END:
            yield from self.end_page(line)
        elif tag in HEAD and not page.begun:
            page.put(line, tag, text)
        else:
            yield from self.begin(line)
            yield from self._inside(line, tag, text)

    def _inside(self, line: int, tag: str, text: str) -> Iterator[object]:
        statement, page = self.statement, self.page
        if statement is None:
            return
        if len(statement.codes) + len(statement.waiting) + len(statement.texts) > FIELDS_MAX:
            raise _refuse("too_many_fields", "One statement has too many fields.", line)
        if tag in BALANCE_CODES:
            if tag in ("62F", "62M"):
                page.closed_by = tag
            yield from self._balance(line, tag, text)
        elif tag in ("90C", "90D"):
            page.sums[tag] = (line, text)
        elif tag == "86":
            statement.texts.append(text)
        else:
            statement.codes.append((tag, text))

    def _balance(self, line: int, tag: str, text: str) -> Iterator[Problem]:
        if self.statement is None:
            return
        path = f"statement {self.number}"
        found, odd = balance_of(line, tag, text, path, self.context)
        yield from odd
        if isinstance(found, Problem):
            yield found
            return
        if tag == "62F":
            yield from self._repeated(found, path)
        self.statement.waiting.append(found)
        if not self.context.currency:
            self.context = self.context._replace(currency=found.amount.currency)
        rest = text.partition("\n")[2].strip()
        if rest:
            self.statement.codes.append((tag, rest))

    def _repeated(self, closing: Unchecked, path: str) -> Iterator[Problem]:
        """A second closing balance with another amount: only one of them can be true."""
        held = self.statement.closings if self.statement else []
        differs = [earlier for earlier in held if earlier.amount != closing.amount]
        if not held or (differs and len(held) == 1):
            held.append(closing)
        for earlier in differs[:1]:
            happened = (
                f"The statement has two closing balances: {earlier.amount} and {closing.amount}."
            )
            can_do = "Ask the bank which one is right; both are with the statement."
            yield warning("balance_repeated", happened, can_do, closing.location)

    def begin(self, line: int) -> Iterator[object]:
        """The head of a message is whole: begin a statement, or go on with the one before."""
        page = self.page
        if page.begun:
            return
        page.begun = True
        account = Account(page.text("25", "25P"))
        if not page.text("20") and not account.number:
            raise _refuse("statement_head_missing", "No :20: or :25: begins the statement.", line)
        sequence, number = page.numbered()
        held, self.statement = self.statement, None
        if held is not None:
            if page.opened_by() == "60M" and _goes_on(held, account.number, sequence):
                self.statement = held
                held.codes += [code for code in page.codes(account) if code not in held.codes]
                yield from self._next_page(held, number)
            else:
                yield from self._finish(held)
        if self.statement is None:
            yield from self._header(account)
        yield from self._opening()

    def _header(self, account: Account) -> Iterator[object]:
        page = self.page
        self.number += 1
        currency, year = page.surroundings(account)
        currency = currency or self.options.currency
        self.context = Context(currency, year, self.signs, self.options.narrative)
        header = header_of(page, account, currency, self.number)
        self.statement = _Statement(header)
        self.statement.codes = page.codes(account)
        yield header
        yield from head_problems(page, header)

    def _opening(self) -> Iterator[Problem]:
        for tag in ("60F", "60M"):
            if tag in self.page.head:
                yield from self._balance(self.page.head[tag][0], tag, self.page.head[tag][1])

    def _next_page(self, held: _Statement, number: int | None) -> Iterator[Problem]:
        """Say so if the page that goes on is not the next one."""
        before, held.last_page = held.last_page, number
        held.ended_by = ""
        if before is None or number is None or number == before + 1:
            return
        closing = held.closing_page()
        opening, _ = balance_of(0, "60M", self.page.text("60M"), "", self.context)
        connected = (
            closing is not None
            and isinstance(opening, Unchecked)
            and opening.amount == closing.amount
        )
        where = Location(line=self.page.line(), path=f"statement {self.number}")
        happened = f"Page {number} follows page {before}"
        if connected:
            yield page_missing(f"{happened}; their balances connect, so nothing is lost.", where)
        else:
            can_do = "Ask the bank for the whole statement."
            sentence = f"{happened}, and their balances do not connect: a page is missing."
            yield error("page_missing", sentence, can_do, where)

    def end_page(self, line: int) -> Iterator[object]:
        page = self.page
        if page.is_empty():
            return
        yield from self.begin(line)
        statement = self.statement
        if statement is not None:
            yield from self._sums(statement)
            if not page.closed_by and statement.header.kind is ReportKind.PREVIOUS_DAY:
                yield closing_missing(statement.header.location)
            statement.ended_by = page.closed_by
        self.page = Page()
        if statement is not None and page.closed_by != "62M":
            self.statement = None
            yield from self._finish(statement)

    def _sums(self, statement: _Statement) -> Iterator[Problem]:
        """:90C: and :90D: of MT942 against the entries that were read."""
        page = self.page
        for side, tag in enumerate(("90C", "90D")):
            if tag not in page.sums:
                continue
            line, text = page.sums[tag]
            statement.codes.append((tag, text))
            where = Location(line=line, path=f"statement {self.number}")
            found = _SUM.match(text.partition("\n")[0])
            if found is None or found[2] not in EXPONENT:
                happened = f"The sum :{tag}:{text[:30]} cannot be read."
                yield warning("summary_unreadable", happened, "Check the sums.", where, text)
                continue
            said = minor_of(found[3], found[2])
            count, total = page.counts[side], abs(page.totals[side])
            if said != total or (found[1] and int(found[1][:15]) != count):
                read = Money(total, found[2])
                happened = f":{tag}: says {text.strip()[:40]}; the entries are {count}, {read}."
                can_do = "Ask the bank for the report again."
                yield error("summary_mismatch", happened, can_do, where, text)

    def _finish(self, statement: _Statement) -> Iterator[object]:
        where = statement.header.location
        if statement.ended_by == "62M":
            happened = "The statement ends with the balance of a page (:62M:); its last page is"
            yield page_missing(f"{happened} not in this file.", where)
        known = [balance.day for balance in statement.waiting if balance.day]
        for unchecked in statement.waiting:
            day = unchecked.day or statement.last_day or next(iter(known), None)
            if day is not None:
                statement.balances.append(balance_on(unchecked, day))
                continue
            happened = "A balance has no day that can be read, and nothing around it tells one."
            can_do = "Ask the bank for a corrected statement."
            yield error("balance_day_missing", happened, can_do, unchecked.location)
        trailer = StatementTrailer(
            balances=tuple(statement.balances),
            entry_count=statement.entries - statement.gate.unreadable,
            verdict=statement.gate.verdict(statement.balances, statement.header.kind),
            location=where,
            text="\n".join(statement.texts),
            codes=tuple(statement.codes),
        )
        yield from self.endings.statement(statement.header, trailer, statement.gate)

    def finish(self, line: int) -> Iterator[object]:
        yield from self.end_page(line)
        if self.statement is not None:
            statement, self.statement = self.statement, None
            yield from self._finish(statement)


def _goes_on(held: _Statement, account: str, sequence: int | None) -> bool:
    same = held.header.account == account and held.header.sequence == sequence
    return same and held.ended_by == "62M"


def _refuse(code: str, happened: str, line: int) -> Invalid:
    can_do = "Check that this is the whole file; ask the bank for it again."
    return Invalid(code, happened, KEPT, can_do, location=f"line {line or 1}")


def read_statements(stream: BinaryIO, profile: Profile) -> Iterator[object]:
    """Yield header, entries and trailer of each statement, and a Problem where something is odd.

    Memory is constant. Pages that follow each other (:62M: then :60M: of the same account and
    number) are one statement; their page balances stay in its balances as interim ones. What is
    told about a whole statement is its trailer's `text`; fields without a place are `codes`.
    Problems: those of `entry_of` and `balance_of`, `page_missing` (an error if balances do not
    connect), `summary_mismatch`, `summary_unreadable`, `account_missing`, `balance_day_missing`,
    `balance_repeated`, `sequence_unreadable`, `created_unreadable`, `message_type_odd`,
    `closing_balance_missing`. Raises Invalid for whatever `source.Lines` and
    `fin.Fields` refuse, and `no_statement`, `statement_head_missing`, `too_many_fields`.
    """
    reading = Reading(options_of(profile, StatementOptions))
    lines = Lines(stream, profile)
    booking: tuple[int, str] | None = None
    narrative: list[tuple[str, str]] = []
    for line, tag, text in Fields(lines, GRAMMAR):
        if booking is not None:
            if tag == "86" or tag == "NS":
                narrative.append((tag, text))
                continue
            yield from reading.entry(*booking, narrative)
            booking = None
        if lines.problems:
            yield from lines.take_problems()
        if tag == "61":
            if not reading.page.begun:
                yield from reading.begin(line)
            booking, narrative = (line, text), []
        else:
            yield from reading.take(line, tag, text)
    yield from lines.take_problems()
    yield from reading.finish(lines.number)
    if not reading.number:
        raise _refuse("no_statement", "The file holds no statement.", 1)
