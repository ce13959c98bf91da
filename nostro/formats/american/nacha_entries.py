"""The entries of one Nacha batch: each with its addenda becomes one canonical record.

Nacha Operating Rules, appendix three (entry detail and addenda records). The batch keeps the sums
that its control record must state.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from datetime import date
from functools import lru_cache

from nostro.domain.money import Money
from nostro.domain.payment_file import Agent, BankAccount, Method, Party, Payment
from nostro.domain.problem import Location, Problem, error, warning
from nostro.formats.american.nacha_addenda import Gathered, Lined, gather
from nostro.formats.american.nacha_layout import (
    COLUMNS,
    COUNTED,
    CREDITS,
    CURRENCY,
    DEBITS,
    FILLER,
    KINDS,
    STANDARD,
    ZERO_SEC_CODES,
    Kind,
    bank_of,
    is_digits,
)
from nostro.formats.american.nacha_options import odd_description
from nostro.formats.american.nacha_records import LINE_LENGTH, Records

_AMOUNT, _ACCOUNT = slice(29, 39), slice(12, 29)
_ADVICE_AMOUNT, _ADVICE_ACCOUNT = slice(27, 39), slice(12, 27)
# Type to routing number, account, cents, reference, name; indicator, trace number, its last seven.
_USUAL = re.compile(
    r"(6[0-9]{11})(.{17})([0-9]{10})(.{15})(.{22})  (?:0|(1))(.{8}(.{7}))\n"
    r"(?(6)705(.{80})0001\8\n)(?=[^7])",
    re.DOTALL,  # Every record has its length already: a dot need not look for its end.
)
_LAST_LETTER = chr(sys.maxunicode)

_LOST = "Ask the sender for a corrected file; the other entries were read."
_ADVICE = (
    ("advice_routing_number", 39, 48),
    ("file_identification", 48, 53),
    ("ach_operator_data", 53, 54),
    ("discretionary_data", 76, 78),
)


class Batch:
    """One batch while it is read: what its header said, and the sums so far.

    `debit` and `credit` are cents, `hashed` the sum of the first eight digits of the routing
    numbers; `others` are the entries that became no payments. Problems go to those of `source`.
    """

    def __init__(self, header: str, number: int, path: str, source: Records) -> None:
        self.header = header
        self.number = number
        self.path = path
        self.entry_path = path + ", entry "
        self.source = source
        self.unbroken = source.unbroken
        self.service_class = header[1:4]
        self.sec_code = header[50:53]
        self.odfi = header[79:87]
        self.day: date | None = None
        self.international = self.sec_code == "IAT" or header[4:20].rstrip() == "IATCOR"
        self.advice = self.sec_code == "ADV"
        self.method = Method.DIRECT_DEBIT if self.service_class == DEBITS else Method.TRANSFER
        debits_differ = self.method is not Method.DIRECT_DEBIT
        self.debit_method = Method.DIRECT_DEBIT if debits_differ else None
        self.credit_method = None if debits_differ else Method.TRANSFER
        self.columns = COLUMNS.get(self.sec_code, STANDARD)
        self.simple = self.columns is STANDARD and not self.international and not self.advice
        self.amount_at = _ADVICE_AMOUNT if self.advice else _AMOUNT
        self.entries = self.addenda = self.hashed = self.debit = self.credit = 0
        self.others = self.others_minor = 0
        self.at = 0
        self.last_trace = ""
        self.told: set[str] = set()
        self.problems = source.problems

    def usual(self, first: int, text: str, at: int) -> Iterator[Payment]:
        """The payments of the usual entries from `at` on, each with its addenda, and their sums.

        Ends before an entry that is anything else, or whose end is not in `text`; `at` of the
        batch then says where.
        """
        match, path, own = _USUAL.match, self.entry_path, not self.unbroken
        line = first + at // LINE_LENGTH
        # Traces between these two ascend and begin with the ODFI.
        last_trace, beyond = max(self.last_trace, self.odfi), self.odfi + _LAST_LETTER
        begun, count, hashed, credits_, debits = line, self.entries, self.hashed, 0, 0
        while found := match(text, at):
            known, account, cents, reference, name, addenda, trace, _, told = found.groups()
            usual, minor = _usual(known), int(cents)
            if usual is None or not minor or not last_trace < trace < beyond:
                break
            code, kind, credit, agent, part = usual
            if credit:
                credits_ += minor
            else:
                debits += minor
            hashed += part
            count += 1
            # fmt: off
            yield Payment(
                reference.rstrip(), Money(minor, CURRENCY), Party(name.rstrip()),
                BankAccount("", account.rstrip(), "BBAN", "", kind), agent,
                rail_reference=trace, transaction_code=code,
                method=self.credit_method if credit else self.debit_method,
                remittance=(told.rstrip(),) if addenda else (),
                location=Location(line, "", f"{path}{count}") if own else self._place(line, count),
            )
            # fmt: on
            self.last_trace = last_trace = trace
            line += 2 if addenda else 1
            at = found.end()
        self.addenda += line - begun - (count - self.entries)
        self.at, self.entries, self.hashed = at, count, hashed
        self.credit += credits_
        self.debit += debits

    def entry(self, number: int, line: str, addenda: list[Lined]) -> object:
        """The record of an entry with all of its addenda, or why it cannot be used."""
        if self.simple and len(addenda) < 2:
            texts = (line, *(text for _, text in addenda), FILLER)
            for payment in list(self.usual(number, "\n".join(texts), 0)):
                return payment
        self.entries += 1
        location = self._place(number, self.entries)
        return self._odd(location, line, addenda)

    def _odd(self, location: Location, line: str, addenda: list[Lined]) -> object:
        """An entry that is not of the usual kind, or wrong; its sums are counted all the same."""
        code, routing, cents, trace = line[1:3], line[3:12], line[self.amount_at], line[79:94]
        kind = KINDS.get(code) or Kind(credit=code[1:] in ("0", "1", "2", "3", "4"), account="")
        minor = int(cents) if is_digits(cents) else 0
        self.addenda += len(addenda)
        self.hashed += int(routing[:8]) if is_digits(routing[:8]) else 0
        if kind.credit:
            self.credit += minor
        else:
            self.debit += minor
        if trace <= self.last_trace or not trace.startswith(self.odfi):
            self._trace(location, trace)
        self.last_trace = trace
        record = self._wrong(location, line, addenda) or self._whole(location, line, addenda, kind)
        if not isinstance(record, Payment):
            self.others += 1
            self.others_minor += minor
        return record

    def _wrong(self, location: Location, line: str, addenda: list[Lined]) -> Problem | None:
        """Why an entry cannot be used: its amount, routing number or transaction code."""
        code, routing, cents = line[1:3], line[3:12], line[self.amount_at]
        raw = "\n".join([line, *(text for _, text in addenda[:10])])
        if not is_digits(cents):
            happened = f"The amount {cents!r} of the entry is not a number."
            return error("amount_not_a_number", happened, _LOST, location, raw)
        if not line[79:94].strip():
            happened = "The entry has no trace number: the end of its record is lost."
            return error("trace_number_missing", happened, _LOST, location, raw)
        if bank_of(routing) is None:
            happened = f"{routing!r} is not a routing number: its check digit does not fit."
            return error("routing_number_wrong", happened, _LOST, location, raw)
        if not is_digits(code):
            happened = f"The transaction code {code!r} is not a number."
            return error("transaction_code_wrong", happened, _LOST, location, raw)
        if code not in KINDS:
            happened = f"The transaction code {code} is unknown; it was kept as it is."
            can_do = "Its last digit decides between credit and debit; check that before booking."
            self.problems.append(warning("transaction_code_unknown", happened, can_do, location))
        return None

    def _whole(self, location: Location, line: str, addenda: list[Lined], kind: Kind) -> object:
        """An entry with whatever addenda and columns it has."""
        gathered = Gathered(self, location, line)
        gathered.fields |= {
            "amount": Money(int(line[self.amount_at]), CURRENCY),
            "rail_reference": line[79:94].rstrip(),
            "transaction_code": line[1:3],
            "method": self.credit_method if kind.credit else self.debit_method,
            "location": location,
        }
        self._columns(gathered, line, addenda, kind)
        gather(gathered, addenda)
        self._amount(gathered, kind)
        record = gathered.wrong or gathered.record()
        self.problems += gathered.problems
        return record

    def _columns(self, gathered: Gathered, line: str, addenda: list[Lined], kind: Kind) -> None:
        fields = gathered.fields
        account = line[_ADVICE_ACCOUNT if self.advice else _ACCOUNT]
        if self.international:
            account = line[39:74]
            gathered.count(line[12:16], addenda)
            gathered.code("ofac_screening", line[76:77])
            gathered.code("secondary_ofac_screening", line[77:78])
        fields["counterparty_account"] = BankAccount(
            number=account.rstrip(), scheme="BBAN", kind=kind.account
        )
        bank = bank_of(line[3:12])
        if bank is not None:
            fields["counterparty_agent"] = bank.agent
        if kind.prenotification:
            gathered.code("prenotification", "yes")
        if self.international:
            return
        if self.advice:
            fields["counterparty"] = Party(name=line[54:76].rstrip())
            for name, start, end in _ADVICE:
                gathered.code(name, line[start:end])
            return
        self._own_columns(gathered, line, addenda)

    def _own_columns(self, gathered: Gathered, line: str, addenda: list[Lined]) -> None:
        columns = self.columns
        if columns is COUNTED and not is_digits(line[54:58]):
            columns = STANDARD
            happened = "The entry has a name where its number of addenda belongs."
            can_do = "Nothing, if the name is right."
            gathered.warn("addenda_count_missing", happened, can_do)
        for column in columns:
            text = line[column.start : column.end].rstrip()
            if column.field == "name":
                gathered.fields["counterparty"] = Party(name=text)
            elif column.field in ("end_to_end_id", "check_number"):
                gathered.fields[column.field] = text
            elif column.field == "addenda_count":
                gathered.count(text, addenda)
            else:
                gathered.code(column.field, text)

    def _amount(self, gathered: Gathered, kind: Kind) -> None:
        """Warnings about amounts that do not fit the kind of entry."""
        minor = gathered.fields["amount"].minor
        if kind.prenotification and minor:
            happened = "A prenotification has an amount."
            can_do = "No money moves by a prenotification; ask the sender what was meant."
            gathered.warn("prenotification_amount", happened, can_do)
        if minor or kind.zero or kind.returned or gathered.came_back:
            return
        if self.sec_code not in ZERO_SEC_CODES:
            happened = "The entry has the amount zero but is no prenotification."
            gathered.warn("amount_zero", happened, "Ask the sender what was meant.")

    def _trace(self, location: Location, trace: str) -> None:
        """Tell once a batch that trace numbers do not ascend, or are of another bank."""
        if trace <= self.last_trace:
            happened = f"The trace number {trace.strip()} is not higher than the one before it."
            self._once("trace_number_order", happened, location)
        if trace[:8] != self.odfi and not self.advice:
            happened = f"The trace number {trace.strip()} does not begin with {self.odfi}."
            self._once("trace_number_foreign", happened, location)

    def _once(self, code: str, happened: str, location: Location) -> None:
        if code not in self.told:
            self.told.add(code)
            can_do = "Watch for entries sent twice; further ones of this batch are not told."
            self.problems.append(warning(code, happened, can_do, location))

    def direction(self) -> Problem | None:
        """A warning if the service class says another direction than the entries have."""
        wrong = (self.service_class == CREDITS and self.debit) or (
            self.service_class == DEBITS and self.credit
        )
        if not wrong or self.sec_code == "COR":
            return None
        happened = f"A batch of service class {self.service_class} holds entries the other way."
        can_do = "Trust the transaction codes; each payment says its own direction."
        return warning("service_class_wrong", happened, can_do, self.location())

    def description(self) -> Problem | None:
        """A warning if the description is not the one that the rules ask for; returned entries
        repeat what somebody else said once."""
        own = not self.others and not self.international
        told = self.header[53:63].strip()
        found = odd_description(told, self.sec_code, self.day) if own else None
        if found is None or not (self.credit if self.sec_code == "PPD" else self.debit):
            return None
        return warning(*found, self.location())

    def _place(self, number: int, entry: int) -> Location:
        return self.source.location(number, f"{self.entry_path}{entry}")

    def location(self) -> Location:
        return self.source.location(self.number, self.path)


@lru_cache(maxsize=1 << 16)
def _usual(known: str) -> tuple[str, str, bool, Agent, int] | None:
    """What the first twelve characters of an entry that moves money say; None: look closer.

    Its transaction code, kind of account, whether it is a credit, bank, and part of the hash.
    """
    code = known[1:3]
    kind, bank = KINDS.get(code), bank_of(known[3:])
    if kind is None or bank is None or not kind.account:
        return None
    if kind.prenotification or kind.zero or kind.returned:
        return None
    return code, kind.account, kind.credit, bank.agent, bank.hashed
