"""What makes a statement and a line of it themselves: the same told again is known, not taken anew.

A line is its account, amount, days, the bank's reference and its text, and which of several exactly
alike ones it is: two equal fees are two fees.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable
from datetime import date
from operator import attrgetter

import msgspec

from nostro.domain.balance_gate import closing_of
from nostro.domain.canonical import canonical, digest_of_exact
from nostro.domain.statement import (
    Balance,
    Entry,
    EntryStatus,
    Statement,
    StatementHeader,
    TransactionDetail,
)

# What a detail was known by when its line was first stored. Readers learn more fields with time;
# a line must stay the same line, so this list never grows.
_IDENTITY = (
    *("amount", "end_to_end_id", "uetr", "instruction_id", "payment_information_id"),
    *("message_id", "bank_reference", "counterparty_name", "counterparty_iban", "remittance"),
    *("creditor_reference", "return_reason", "counterparty_bic"),
)
_identity = attrgetter(*_IDENTITY)
_NAMED = tuple(sorted(_IDENTITY))

Days = tuple[date, date]


class Identified(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A line with its identity; `number` is its place in the statement."""

    number: int
    entry: Entry
    digest: str
    occurrence: int


def identity_of(entry: Entry) -> str:
    """The digest of what makes a booking itself and no other."""
    return digest_of_exact(
        [
            entry.bank_reference,
            entry.amount,
            entry.booked,
            entry.value,
            entry.text,
            [_told_of(detail) for detail in entry.details],
        ]
    )


def _told_of(detail: TransactionDetail) -> dict[str, object]:
    return dict(zip(_IDENTITY, _identity(detail), strict=True))


def identified(numbered: Iterable[tuple[int, Entry]], seen: dict[str, int]) -> list[Identified]:
    """Booked entries with their identity and occurrence; `seen` counts those before them."""
    found = []
    for number, entry in numbered:
        if entry.status != EntryStatus.BOOK:
            continue
        told = identity_of(entry)
        seen[told] = seen.get(told, 0) + 1
        found.append(Identified(number=number, entry=entry, digest=told, occurrence=seen[told]))
    return found


def announced(numbered: Iterable[tuple[int, Entry]]) -> list[Identified]:
    """Entries of whatever status with their identity: what was pending first and is booked now is
    the same line, so the booked ones of several alike are counted first."""
    ordered = sorted(numbered, key=lambda one: (one[1].status != EntryStatus.BOOK, one[0]))
    seen: dict[str, int] = {}
    found = []
    for number, entry in ordered:
        told = identity_of(entry)
        seen[told] = seen.get(told, 0) + 1
        found.append(Identified(number=number, entry=entry, digest=told, occurrence=seen[told]))
    return found


class ContentDigest:
    """The digest of what a statement tells, line by line; where it stood in a file is no part."""

    def __init__(self, header: StatementHeader) -> None:
        self._sum = hashlib.sha256(canonical([header.statement_id, header.account]))

    def add(self, entry: Entry) -> None:
        self.add_identity(identity_of(entry), entry.status)

    def add_identity(self, told: str, status: str) -> None:
        self._sum.update(f"{told}{status}\n".encode())

    def end(self, balances: Iterable[Balance]) -> str:
        told = [(balance.code, balance.amount, balance.day) for balance in balances]
        self._sum.update(canonical(told))
        return self._sum.hexdigest()


def content_of(statement: Statement) -> str:
    told = ContentDigest(statement)
    for entry in statement.entries:
        told.add(entry)
    return told.end(statement.balances)


def days_of(
    header: StatementHeader, balances: Iterable[Balance], entries: Iterable[Entry]
) -> Days | None:
    """The first and the last day that a statement covers, as far as it tells them."""
    booked = [entry.booked for entry in entries if entry.booked]
    return covered(header, balances, (min(booked), max(booked)) if booked else None)


def covered(
    header: StatementHeader, balances: Iterable[Balance], booked: Days | None
) -> Days | None:
    """The same, from the days of its first and last booking."""
    closing = closing_of(list(balances))
    told = [day for day in (header.from_day, header.to_day) if day]
    told = told if len(told) == 2 else [*told, *(booked or ())]
    if header.to_day is None and closing is not None:
        told.append(closing.day)
    return (min(told), max(told)) if told else None


def have_days_in_common(one: Days | None, other: Days | None) -> bool:
    """Unless both tell their days, they may."""
    return one is None or other is None or (one[0] <= other[1] and other[0] <= one[1])


class SeenFilter:
    """Which lines of a long statement may have an equal one before them, in constant memory.

    "No" is sure; "yes" is wrong about once in a million lines and has to be looked up.
    """

    BITS = 1 << 27

    def __init__(self) -> None:
        self._marks = bytearray(self.BITS >> 3)

    def met(self, told: str) -> bool:
        """Has a line of this digest perhaps been before? From now on it has."""
        marks, before = self._marks, True
        for mark in _FOUR.unpack_from(bytes.fromhex(told[:32])):
            byte, bit = (mark & _MASK) >> 3, 1 << (mark & 7)
            if not marks[byte] & bit:
                before = False
                marks[byte] |= bit
        return before


_FOUR = struct.Struct("<4I")
_MASK = SeenFilter.BITS - 1
