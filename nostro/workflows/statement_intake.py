"""Statement files that somebody brings: by the terminal, a folder, or the API. Safe to repeat.

Which bank a file is of is told by the account in it. A short one is taken in whole, in one unit of
work a statement; a long one portion by portion (statement_files). A packed one (ZIP, gzip) is kept
as it came, and so is each file in it.
"""

from __future__ import annotations

import io
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

import msgspec

from nostro import formats
from nostro.domain.errors import Invalid, NostroError
from nostro.domain.problem import Problem
from nostro.domain.statement import ReportKind, Statement, StatementHeader
from nostro.formats import Format, Profile, container
from nostro.storage import evidence, parties, statements
from nostro.storage.tenancy import tenant
from nostro.workflows import arrival, statement_files
from nostro.workflows.channel import profile_of
from nostro.workflows.context import Acting
from nostro.workflows.intraday_reports import take_report
from nostro.workflows.statement_files import Heard
from nostro.workflows.statement_ingestion import account_of, ingest

LONG_BYTES = 8 << 20  # A file of more is not held in memory.
UNPACKED_BYTES_MAX = 4 << 30  # Of one archive.
PACKED = "packed"


class NotTaken(msgspec.Struct, frozen=True, kw_only=True):
    """A file of an archive that could not be used, and why."""

    name: str
    code: str
    happened: str


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a file: its statements, those that had come before, those of accounts that
    are not ours, reports of the day; and its lines. `verdicts` counts the new statements by theirs.

    `waiting` are long files (ids) that the worker is taking in. Of an archive it is what became of
    all files in it; `not_taken` are those that could not be used.
    """

    evidence_id: UUID
    format: str
    waiting: tuple[UUID, ...] = ()
    not_taken: tuple[NotTaken, ...] = ()
    statements: int = 0
    came_before: int = 0
    not_ours: int = 0
    reports: int = 0
    lines: int = 0
    new_lines: int = 0
    verdicts: dict[str, int] = {}


def take_file(
    acting: Acting,
    name: str,
    stream: BinaryIO,
    heard: Heard = lambda _lines: None,
    *,
    later: bool = False,
) -> Taken:
    """Keep and take in one file of statements; the same file again changes nothing.

    `heard` is told how many lines of a long one are stored; with `later` the worker takes that in.
    Raises Invalid when it holds no statements or cannot be used; it is kept even then.
    """
    if not container.holds_files(stream):
        return _plain(acting, name, stream, heard, later=later)
    kept = arrival.keep_packed(acting, name, stream)
    stream.seek(0)
    taken, refused = [], []
    with tempfile.TemporaryDirectory(prefix="nostro-") as folder:
        for inside, path in unpacked(stream, name, Path(folder)):
            with path.open("rb") as file:
                try:
                    taken.append(_plain(acting, inside, file, heard, later=later))
                except Invalid as error:
                    refused.append((inside, error))
    if not taken:
        raise refused[0][1]
    return _together(kept, taken, refused)


def unpacked(stream: BinaryIO, name: str, folder: Path) -> list[tuple[str, Path]]:
    """All files of an archive, before anything is made of one: a bomb is refused whole."""
    found: list[tuple[str, Path]] = []
    for inside, member in container.members(stream, name, UNPACKED_BYTES_MAX):
        path = folder / str(len(found))
        with path.open("wb") as file:
            shutil.copyfileobj(member, file)
        found.append((inside, path))
    return found


def _together(
    kept: UUID, taken: Sequence[Taken], refused: Sequence[tuple[str, NostroError]]
) -> Taken:
    """What became of all files of an archive."""
    verdicts: dict[str, int] = {}
    for one in taken:
        for word, count in one.verdicts.items():
            verdicts[word] = verdicts.get(word, 0) + count
    names = ("statements", "came_before", "not_ours", "reports", "lines", "new_lines")
    return Taken(
        evidence_id=kept,
        format=PACKED,
        waiting=tuple(file_id for one in taken for file_id in one.waiting),
        not_taken=tuple(
            NotTaken(name=name, code=error.code, happened=error.happened) for name, error in refused
        ),
        verdicts=verdicts,
        **{name: sum(getattr(one, name) for one in taken) for name in names},
    )


def _plain(acting: Acting, name: str, stream: BinaryIO, heard: Heard, *, later: bool) -> Taken:
    form, kept = arrival.keep_stream(acting, name, stream)
    if form.read is None:
        raise _not_statements(form.name)
    profile = _profile(acting, form, kept)
    size = stream.seek(0, io.SEEK_END)
    if size > LONG_BYTES:
        return _long(acting, kept, form, profile, heard, later=later)
    found = Taken(evidence_id=kept, format=form.name)
    for statement in _read(acting, form, kept, profile):
        found = _one(acting, found, statement)
    return found


def _profile(acting: Acting, form: Format, kept: UUID) -> Profile:
    """The dialect of the bank whose account the file begins with."""
    with tenant(acting.tenant_id):
        stream = evidence.reading(kept)
        for record in formats.reader(form)(stream, Profile()):
            if isinstance(record, StatementHeader):
                account_id = statements.account_of_iban(record.account, record.currency)
                owned = {account.id: account for account in parties.accounts()}
                account = owned.get(str(account_id))
                return profile_of(UUID(account.connection_id), form.name) if account else Profile()
            if not isinstance(record, Problem):
                break
    return Profile()


def _read(acting: Acting, form: Format, kept: UUID, profile: Profile) -> Iterator[Statement]:
    """Every statement of a file that is read whole before anything is made of it."""
    with tenant(acting.tenant_id):
        stream = io.BytesIO(evidence.read(kept))
    items = list(formats.documents(form, stream, profile))
    for item in items:
        if not isinstance(item, Statement | Problem):
            raise _not_statements(type(item).__name__)
    if not any(isinstance(item, Statement) for item in items):
        raise _not_statements(form.name)
    yield from (item for item in items if isinstance(item, Statement))


def _one(acting: Acting, found: Taken, statement: Statement) -> Taken:
    with tenant(acting.tenant_id):
        account = account_of(acting, found.evidence_id, statement, None)
    if account is None:
        return msgspec.structs.replace(found, not_ours=found.not_ours + 1)
    if statement.kind is not ReportKind.PREVIOUS_DAY:
        take_report(acting, UUID(account.connection_id), found.evidence_id, statement)
        return msgspec.structs.replace(found, reports=found.reports + 1)
    done = ingest(acting, found.evidence_id, statement)
    if done.repeated:
        return msgspec.structs.replace(found, came_before=found.came_before + 1)
    word = done.verdict.verdict.value
    return msgspec.structs.replace(
        found,
        statements=found.statements + 1,
        lines=found.lines + len(statement.entries),
        new_lines=found.new_lines + done.new_lines,
        verdicts={**found.verdicts, word: found.verdicts.get(word, 0) + 1},
    )


def _long(
    acting: Acting, kept: UUID, form: Format, profile: Profile, heard: Heard, *, later: bool
) -> Taken:
    with tenant(acting.tenant_id):
        before = statement_files.is_done(kept)
    if later and not before:
        waiting = statement_files.begin(acting, kept, form, profile)
        return Taken(evidence_id=kept, format=form.name, waiting=(waiting,))
    row = statement_files.take(acting, kept, form, profile, heard)
    with tenant(acting.tenant_id):
        verdicts = statements.verdicts_of_file(kept)
    count = sum(verdicts.values())
    if before:
        return Taken(evidence_id=kept, format=form.name, came_before=count)
    return Taken(
        evidence_id=kept,
        format=form.name,
        statements=count,
        lines=row.lines_done,
        new_lines=row.lines_new,
        verdicts=verdicts,
    )


def _not_statements(what: str) -> Invalid:
    return Invalid(
        "no_statement_in_file",
        f"This file holds no statement of an account ({what}).",
        "The original is kept; nothing was booked from it.",
        "Bring what the bank sends as statement or report: `nostro formats` lists what is read.",
    )
