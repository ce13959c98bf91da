"""How a file of a million lines comes in: read once, stored portion by portion, then explained.

1. The bytes are kept. The file is read while the portion before is stored, one transaction each,
   with how far that is. Whoever is interrupted, is continued by anybody: no line twice, none lost.
2. Until all of a file is stored nobody knows whether it can be used: nothing is told of it and
   nothing is made of its lines. One that turns out unusable is taken back whole.
3. Then its statements are told of, and their lines explained, portion by portion, as any others.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from datetime import timedelta
from uuid import UUID

import msgspec
from django.db import connections

from nostro import formats
from nostro.domain.case import CaseKind, CaseMove
from nostro.domain.errors import Invalid
from nostro.domain.statement import BalanceVerdict, Closing, StatementHeader
from nostro.domain.statement_identity import Identified
from nostro.formats import Format, Profile
from nostro.storage import cases, evidence, parties, statement_files, statements
from nostro.storage.statement_files import StatementFileRow
from nostro.storage.statements import NewStatement
from nostro.storage.tenancy import tenant
from nostro.workflows import case_work
from nostro.workflows.bank_bookings import close_gate_for
from nostro.workflows.context import Acting
from nostro.workflows.statement_explaining import explain_part, others_of, whole
from nostro.workflows.statement_ingestion import account_of, store_lines
from nostro.workflows.statement_overlaps import BOTH_STAY, TOLD_TWICE
from nostro.workflows.statement_portions import Ending, Part, Portion, portions
from nostro.workflows.wake import wake

STORING, EXPLAINING, DONE, REFUSED = "storing", "explaining", "done", "refused"
LEASE = timedelta(minutes=5)
AHEAD = 2  # Portions that are read while one is stored.
_TAKEN_BACK = "The file of the statement cannot be used: nothing of it counts."
_OPEN = BalanceVerdict(verdict=Closing.NOT_CHECKABLE, reason="it is still being read")

Heard = Callable[[int], None]


def take(
    acting: Acting,
    kept: UUID,
    form: Format,
    profile: Profile,
    heard: Heard = lambda _lines: None,
    connection_id: UUID | None = None,
) -> StatementFileRow:
    """Take in a long file whose bytes are kept; what is stored already is continued, and one that
    could not be used is tried anew.

    `heard` is told how many lines are stored. Raises Invalid when the file cannot be used.
    """
    with tenant(acting.tenant_id):
        file_id = _begun(acting, kept, form, profile, connection_id)
    return carry_on(acting, file_id, heard)


def begin(
    acting: Acting,
    kept: UUID,
    form: Format,
    profile: Profile,
    connection_id: UUID | None = None,
) -> UUID:
    """Let the worker take in a long file whose bytes are kept; returns its id."""
    with tenant(acting.tenant_id):
        file_id = _begun(acting, kept, form, profile, connection_id)
        wake("continue_statements", tenant_id=acting.tenant_id, file_id=file_id)
    return file_id


def _begun(
    acting: Acting, kept: UUID, form: Format, profile: Profile, connection_id: UUID | None
) -> UUID:
    file_id = statement_files.of_evidence(kept)
    if file_id is None:
        return _begin(acting, kept, form, profile, connection_id)
    if statement_files.load(file_id, locked=True).state == REFUSED:
        _begin_anew(acting, file_id, form, profile)
    return file_id


def go_on(acting: Acting, file_id: UUID) -> None:
    """The worker's turn at a file. One that cannot be used is a Case: nobody waits to be told."""
    try:
        carry_on(acting, file_id)
    except Invalid as error:
        with tenant(acting.tenant_id):
            kept = statement_files.load(file_id).evidence_id
            name, _, _ = evidence.describe(kept)
            told = case_work.new_case(
                acting,
                CaseKind.STATEMENT,
                f"unreadable/{kept}",
                f"{name}: {error.happened}",
                error.can_do or "The original is kept; ask the bank what it is.",
            )
            case_work.open_cases(acting, [told])


def is_done(kept: UUID) -> bool:
    """Has this file been taken in whole before? Inside a unit of work."""
    file_id = statement_files.of_evidence(kept)
    return file_id is not None and statement_files.load(file_id).state == DONE


def _begin(
    acting: Acting, kept: UUID, form: Format, profile: Profile, connection_id: UUID | None
) -> UUID:
    now = acting.world.clock.now()
    row = StatementFileRow(
        id=acting.world.ids.new(),
        evidence_id=kept,
        connection_id=connection_id,
        statement_id=None,
        format_profile=_told(form, profile),
        state=STORING,
        received_at=now,
    )
    statement_files.insert(row, now + LEASE)
    return row.id


def _begin_anew(acting: Acting, file_id: UUID, form: Format, profile: Profile) -> None:
    """What could not be used may be by now: another program, another dialect of its bank."""
    statement_files.update(
        file_id,
        format_profile=_told(form, profile),
        state=STORING,
        records_done=0,
        lines_done=0,
        lines_new=0,
        finished_at=None,
        next_action_at=acting.world.clock.now() + LEASE,
    )


def _told(form: Format, profile: Profile) -> str:
    return msgspec.json.encode((form.name, profile)).decode()


def carry_on(acting: Acting, file_id: UUID, heard: Heard = lambda _lines: None) -> StatementFileRow:
    """Store and explain what is not yet of a file. Safe to call at any time, from several processes
    at once. Raises Invalid when the file turns out unusable: then nothing of it counts. Whatever
    else is in the way passes, and the worker goes on later."""
    with tenant(acting.tenant_id):
        row = statement_files.load(file_id)
    if row.state == STORING:
        try:
            while not _store_all(acting, row, heard):  # Another one began it, and ended early.
                with tenant(acting.tenant_id):
                    row = statement_files.load(file_id)
        except Invalid:
            _withdraw(acting, row)
            raise
    with tenant(acting.tenant_id):
        row = statement_files.load(file_id)
    if row.state == EXPLAINING:
        for portion in _portions(acting, row, row.records_explained):
            _explain(acting, row, portion)
        _end(acting, file_id)
    with tenant(acting.tenant_id):
        return statement_files.load(file_id)


def _portions(acting: Acting, row: StatementFileRow, done: int) -> Iterator[Portion]:
    form_name, profile = msgspec.json.decode(row.format_profile, type=tuple[str, Profile])
    with tenant(acting.tenant_id):
        stream = evidence.reading(row.evidence_id)
    return portions(formats.find()[form_name], stream, profile, done)


# Storing.


def _store_all(acting: Acting, row: StatementFileRow, heard: Heard) -> bool:
    """Read on while the portion before is stored, on a connection of its own; is all stored?"""
    records = row.records_done
    with ThreadPoolExecutor(1) as pool:
        waiting: list[Future[int]] = []
        try:
            for portion in _portions(acting, row, row.records_done):
                records = portion.records
                if len(waiting) >= AHEAD:
                    heard(waiting.pop(0).result())
                job = copy_context()
                waiting.append(pool.submit(job.run, _store, acting, row.id, portion))
            for stored in waiting:
                heard(stored.result())
        finally:
            pool.submit(connections.close_all).result()
    with tenant(acting.tenant_id):
        now = statement_files.load(row.id, locked=True)
        if now.state == STORING and now.records_done >= records:
            due = acting.world.clock.now() + LEASE
            statement_files.update(row.id, state=EXPLAINING, statement_id=None, next_action_at=due)
        return now.state != STORING or now.records_done >= records


def _store(acting: Acting, file_id: UUID, portion: Portion) -> int:
    """Store one portion, in one transaction; returns how many lines of the file are stored. What
    another process stored meanwhile is left."""
    with tenant(acting.tenant_id):
        row = statement_files.load(file_id, locked=True)
        if row.state != STORING or row.records_done + portion.count != portion.records:
            return row.lines_done
        _lock_entities(portion)
        work = _Storing(acting, row)
        for part in portion.parts:
            work.part(part)
        statement_files.update(
            file_id,
            records_done=portion.records,
            lines_done=work.lines,
            lines_new=work.new_lines,
            statement_id=work.statement_id,
            next_action_at=acting.world.clock.now() + LEASE,
        )
        return work.lines


class _Storing:
    """The statement that is open in a file while its parts are stored."""

    def __init__(self, acting: Acting, row: StatementFileRow) -> None:
        self.acting = acting
        self.row = row
        self.statement_id = row.statement_id
        self.lines = row.lines_done
        self.new_lines = row.lines_new

    def part(self, part: Part) -> None:
        if part.begins:
            self._begin(part)
        self.lines += len(part.lines)
        if self.statement_id is None:
            return  # Of an account that is not ours: a Case says so.
        account_id = statements.account_id_of(self.statement_id)
        self.new_lines += store_lines(
            self.acting, self._identified(part), self.statement_id, account_id
        )
        if part.ending:
            self._end(part.header, part.ending)
            self.statement_id = None

    def _begin(self, part: Part) -> None:
        row, header, now = self.row, part.header, self.acting.world.clock.now()
        account = account_of(self.acting, row.evidence_id, header, row.connection_id)
        self.statement_id = None
        if account is None:
            return
        self.statement_id = statement_files.id_of_statement(row.id, part.number)
        new = NewStatement(
            id=self.statement_id,
            account_id=UUID(account.id),
            evidence_id=row.evidence_id,
            verdict=_OPEN,
            content=f"arriving/{self.statement_id}",
            days=None,
            entry_count=0,
        )
        statements.insert(new, header, (), now)

    def _identified(self, part: Part) -> list[Identified]:
        """Its lines with their occurrence in the statement; equal ones may be in parts before."""
        seen: dict[str, int] = {}
        if part.met and not part.begins and self.statement_id:
            seen = statement_files.told_so_far(self.statement_id, part.met)
        found = []
        for number, entry, digest in part.lines:
            seen[digest] = nth = seen.get(digest, 0) + 1
            found.append(Identified(number=number, entry=entry, digest=digest, occurrence=nth))
        return found

    def _end(self, header: StatementHeader, ending: Ending) -> None:
        """All of a statement is stored. One that came before goes again."""
        statement_id = self.statement_id
        if statement_id is None:
            return
        account_id = statements.account_id_of(statement_id)
        others = others_of(account_id, header, statement_id)
        if any(one.content == ending.content for one in others):
            statement_files.withdraw_statements([statement_id])
            return
        trailer = ending.trailer
        statement_files.close_statement(
            statement_id, trailer.verdict, ending.content, ending.days, trailer.entry_count,
            ending.problems,
        )  # fmt: skip
        now, new_id = self.acting.world.clock.now(), self.acting.world.ids.new
        statements.insert_balances(
            [(new_id(), balance) for balance in trailer.balances], statement_id, account_id, now
        )


def _lock_entities(portion: Portion) -> None:
    """Before anything of theirs is touched, as whoever takes in a statement does."""
    named = {(part.header.account, part.header.currency) for part in portion.parts}
    found = {statements.account_of_iban(*one) for one in named}
    entities = {one.legal_entity_id for one in parties.accounts() if UUID(one.id) in found}
    for entity_id in sorted(entities):
        parties.lock_entity(UUID(entity_id))


def _withdraw(acting: Acting, row: StatementFileRow) -> None:
    """The file cannot be used: what was stored of it is taken back."""
    with tenant(acting.tenant_id):
        if statement_files.load(row.id, locked=True).state != STORING:
            return
        ids = statements.ids_of_file(row.evidence_id)
        accounts = {str(statements.account_id_of(one)) for one in ids}
        entities = {one.legal_entity_id for one in parties.accounts() if one.id in accounts}
        for entity_id in sorted(entities):
            parties.lock_entity(UUID(entity_id))
        _end_cases(acting, ids)
        statement_files.withdraw_statements(ids)
        _finish(acting, row.id, REFUSED)


def _end_cases(acting: Acting, ids: Collection[UUID]) -> None:
    """Those that others, which came meanwhile, have opened about lines that they share with it."""
    gone = {str(one) for one in ids}
    for prefix in (TOLD_TWICE, BOTH_STAY):
        for case in cases.open_of_keys(CaseKind.STATEMENT, prefix):
            if gone.intersection(case.natural_key.split("/")):
                case_work.move(acting, case, CaseMove.RESOLVE, outcome=_TAKEN_BACK)
    cases.forget_statements(ids)


# Explaining.


def _explain(acting: Acting, row: StatementFileRow, portion: Portion) -> None:
    with tenant(acting.tenant_id):
        for part in portion.parts:
            close_gate_for(whole(part))
        now = statement_files.load(row.id, locked=True)
        if now.records_explained + portion.count != portion.records:
            return
        _lock_entities(portion)
        for part in portion.parts:
            explain_part(acting, row, part)
        due = acting.world.clock.now() + LEASE
        statement_files.update(row.id, records_explained=portion.records, next_action_at=due)


def _end(acting: Acting, file_id: UUID) -> None:
    with tenant(acting.tenant_id):
        if statement_files.load(file_id, locked=True).state == EXPLAINING:
            _finish(acting, file_id, DONE)


def _finish(acting: Acting, file_id: UUID, state: str) -> None:
    now = acting.world.clock.now()
    statement_files.update(file_id, state=state, finished_at=now, next_action_at=None)
