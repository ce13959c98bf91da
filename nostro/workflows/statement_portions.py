"""A long file of statements as read, in portions that are stored one by one.

Reading is repeatable: the same bytes give the same records in the same order, so that storing can
go on where it was interrupted. Memory is that of a few portions, however long the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import msgspec

from nostro import formats
from nostro.domain.errors import Invalid
from nostro.domain.problem import Problem
from nostro.domain.statement import (
    Entry,
    EntryStatus,
    ReportKind,
    StatementHeader,
    StatementTrailer,
)
from nostro.domain.statement_identity import ContentDigest, Days, SeenFilter, covered, identity_of
from nostro.formats import Format, Profile

PORTION = 10_000  # Records that are stored in one transaction.
PROBLEMS_MAX = 100  # Kept of one statement; a bank that is odd is odd in every line.


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a statement at its end."""

    trailer: StatementTrailer
    content: str
    days: Days | None
    problems: tuple[Problem, ...]


class Part(msgspec.Struct, kw_only=True):
    """Records of one statement that follow each other. `begins` and `ends` say which end of it is
    among them; lines are (number in the statement, entry, digest); `met` are digests that a line
    before this part may have had; `number` is which statement of the file it is."""

    header: StatementHeader
    number: int
    begins: bool
    lines: list[tuple[int, Entry, str]] = msgspec.field(default_factory=list)
    met: set[str] = msgspec.field(default_factory=set)
    ending: Ending | None = None
    entries: list[Entry] = msgspec.field(default_factory=list)
    first_line: int = 1


class Portion(msgspec.Struct, kw_only=True):
    """What one transaction stores: `records` is how many of the file it and all before it are."""

    parts: list[Part] = msgspec.field(default_factory=list)
    records: int = 0
    count: int = 0


def portions(form: Format, stream: object, profile: Profile, done: int) -> Iterator[Portion]:
    """The records of a file from `done` on, portion by portion.

    Raises Invalid when the file as a whole cannot be used; then nothing of it counts.
    """
    reading = _Reading(done)
    for record in formats.strict(formats.reader(form)(stream, profile)):  # type: ignore[arg-type]
        if isinstance(record, Entry):
            reading.entry(record)
        elif isinstance(record, Problem):
            reading.problem(record)
        elif isinstance(record, StatementHeader):
            reading.begin(record)
        elif isinstance(record, StatementTrailer):
            reading.end(record)
        else:
            raise _no_statement(type(record).__name__)
        if reading.portion.count >= PORTION:
            yield reading.cut()
    if reading.portion.count:
        yield reading.cut()


class _Reading:
    """Where the reading stands: the statement that is open, and the portion that is filled."""

    def __init__(self, done: int) -> None:
        self._done = done
        self._records = 0
        self._statements = 0
        self.portion = Portion()
        self._header: StatementHeader | None = None

    def begin(self, header: StatementHeader) -> None:
        if header.kind is not ReportKind.PREVIOUS_DAY:
            raise _no_statement(header.kind.value)
        self._header = header
        self._statements += 1
        self._content = ContentDigest(header)
        self._seen = SeenFilter()
        self._number = 0
        self._first: date | None = None
        self._last: date | None = None
        self._problems: list[Problem] = []
        if self._counted():
            self.portion.parts.append(Part(header=header, number=self._statements, begins=True))

    def entry(self, entry: Entry) -> None:
        self._number += 1
        told = identity_of(entry)
        self._content.add_identity(told, entry.status)
        booked = entry.status == EntryStatus.BOOK
        met = booked and self._seen.met(told)
        if entry.booked:
            self._first = min(self._first or entry.booked, entry.booked)
            self._last = max(self._last or entry.booked, entry.booked)
        if not self._counted():
            return
        part = self._part()
        part.entries.append(entry)
        if booked:
            part.lines.append((self._number, entry, told))
            if met:
                part.met.add(told)

    def problem(self, problem: Problem) -> None:
        if self._header is not None and len(self._problems) < PROBLEMS_MAX:
            self._problems.append(problem)

    def end(self, trailer: StatementTrailer) -> None:
        header = self._header
        if header is None or not self._counted():
            return
        booked = (self._first, self._last) if self._first and self._last else None
        self._part().ending = Ending(
            trailer=trailer,
            content=self._content.end(trailer.balances),
            days=covered(header, trailer.balances, booked),
            problems=tuple(self._problems),
        )

    def cut(self) -> Portion:
        full, self.portion = self.portion, Portion()
        full.records = self._records
        return full

    def _part(self) -> Part:
        if not self.portion.parts or self.portion.parts[-1].header is not self._header:
            if self._header is None:
                raise _no_statement("an entry outside of a statement")
            self.portion.parts.append(
                Part(
                    header=self._header,
                    number=self._statements,
                    begins=False,
                    first_line=max(1, self._number),
                )
            )
        return self.portion.parts[-1]

    def _counted(self) -> bool:
        """Count a record; False when it was stored before."""
        self._records += 1
        if self._records <= self._done:
            return False
        self.portion.count += 1
        return True


def _no_statement(what: str) -> Invalid:
    return Invalid(
        "not_only_statements",
        f"This long file holds something else than statements of whole days ({what}).",
        "The original is kept; nothing was booked from it.",
        "Bring what is no statement in a file of its own.",
    )
