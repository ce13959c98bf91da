"""After a restore nothing leaves: a restored database has forgotten what was sent since its backup.

1. Every connection is stopped, what may have left is in doubt and asked about at once, and the
   numbers of payments and of the log's events jump ahead: one transaction for each customer.
2. A file on this machine says how long each customer's log has been; a database whose log is
   shorter, or another one, was restored.
3. What the banks then tell is in after_restore; two people lift the stop of each connection.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from uuid import UUID

import msgspec
import structlog

from nostro.domain.case import CaseKind
from nostro.domain.freeze import FreezeCause, FreezeScope
from nostro.domain.party import Member
from nostro.domain.policies import dispatching
from nostro.ops import high_water, sealing
from nostro.storage import cases, events, freezes, parties, restoring, submissions
from nostro.storage.cases import NewCase
from nostro.storage.parties import ConnectionRow
from nostro.storage.submissions import StoredSubmission
from nostro.storage.tenancy import tenant
from nostro.workflows.after_restore import RESTORE
from nostro.workflows.case_work import checked_reason
from nostro.workflows.context import JOB, Acting, job_for
from nostro.workflows.freezing import set_stop
from nostro.workflows.moves import CASE_DUE_IN, move_submission
from nostro.workflows.wake import wake

log = structlog.get_logger()

# More payments than anybody makes between a backup and the moment when it is restored. What was
# given to a payment that is forgotten is never given to another one: numbers, end-to-end ids.
NUMBERS_SKIPPED = 1_000_000
# The same for positions of the log: each was told to programs, by webhook and by /v1/events, and
# none of them is given to another event.
POSITIONS_SKIPPED = 1_000_000_000
BY_ITSELF = Member(id=JOB.id, name=JOB.name, roles=frozenset(), is_person=False)


class Quarantined(msgspec.Struct, frozen=True, kw_only=True):
    """What a quarantine found: connections stopped, files in doubt, and the age of the backup."""

    connections: int
    files: int
    backup_at: datetime


def quarantine(acting: Acting, reason: str, by: Member = BY_ITSELF) -> Quarantined:
    """Let nothing of one customer leave until its banks were asked; safe to repeat.

    Repeated, it begins anew: who had agreed to lift a stop has to agree again. When it returns,
    nothing leaves; what comes in is taken in as ever.
    """
    told = checked_reason(reason)
    with tenant(acting.tenant_id):
        freezes.close_gate()
        connections = parties.connections()
        backup_at = _backup_at(acting, connections)
        parties.take_payment_numbers(NUMBERS_SKIPPED)
        log_floor = restoring.raise_log_floor(POSITIONS_SKIPPED)
        files = restoring.lock_unfinished()
        for row in files:
            _doubt(acting, row)
        for connection in connections:
            _stop(acting, connection, by, told, backup_at)
        restoring.set_quarantined(on=bool(connections))  # Until the last of these stops is lifted.
        entered = acting.event(
            "customer.quarantined",
            "customer",
            acting.tenant_id,
            reason=told,
            backup_at=backup_at.isoformat(),
            log_floor=log_floor,
            files=[row.message_id for row in files],
        )
        events.record([entered])
    return Quarantined(connections=len(connections), files=len(files), backup_at=backup_at)


def _backup_at(acting: Acting, connections: list[ConnectionRow]) -> datetime:
    """When the database was backed up: not before the newest thing that it knows of, nor before
    what a quarantine that is still in force has found."""
    known = [restoring.newest_event() or acting.world.clock.now()]
    for connection in connections:
        stop = restoring.stop_of(connection.id)
        question = restoring.question_of(stop.id) if stop else None
        if question:
            known.append(datetime.fromisoformat(question.details["backup_at"]))
    return min(known)


def _doubt(acting: Acting, row: StoredSubmission) -> None:
    """It may have been sent, and answered, since the backup: ask, from the first rung."""
    now, current = acting.world.clock.now(), row
    for step in dispatching.moves_after_restore(row.state):
        after = move_submission(acting, current, step, reason=RESTORE)
        current = msgspec.structs.replace(current, state=after)
    # The time of a first send that we do not know is left open: it is never repeated on a promise.
    submissions.update(
        row.id, state_since=now, enquiries=0, tries=max(row.tries, 1), next_action_at=now
    )
    wake("attend_submission", tenant_id=acting.tenant_id, submission_id=row.id)


def _stop(
    acting: Acting, connection: ConnectionRow, by: Member, reason: str, backup_at: datetime
) -> None:
    """Its stop, in place of any that is in force: this one is the harder to lift."""
    now = acting.world.clock.now()
    scope, subject = FreezeScope.CONNECTION, connection.id
    for row in freezes.in_force():
        if (row.freeze.scope, row.freeze.subject_id) == (scope, str(subject)):
            freezes.end(UUID(row.freeze.id), now)
            reason = f"{reason} (It was stopped already: {row.freeze.reason})"
    stop_id = set_stop(acting, by, scope, subject, FreezeCause.RESTORE, reason)
    question = NewCase(
        id=acting.world.ids.new(),
        kind=CaseKind.ENQUIRY,
        natural_key=f"{restoring.ASKED}{stop_id}",
        sentence=f"The database was restored from a backup of {backup_at:%Y-%m-%d %H:%M} UTC;"
        f" nothing leaves over {connection.name} until it is known what left since then.",
        can_do="Wait for the statements up to the next bank day; or ask the other side what it"
        " has had from us since the backup, compare all of it, and resolve this with its answer.",
        due_at=now + CASE_DUE_IN,
        details={"backup_at": backup_at.isoformat(), "connection_id": str(subject)},
    )
    cases.open_all([question], now)


# By itself.


def quarantine_restored(home: Path) -> list[str]:
    """Quarantine each customer whose log is not the one that this machine has seen; returns their
    codes. To be called before any work is taken. The customers that are whole stay as they are."""
    found = []
    for customer in parties.customers():
        why = high_water.behind(home, customer.id)
        if not why:
            continue
        log.error("database_was_restored", customer=customer.code, why=why)
        quarantine_and_note(job_for(customer.id), home, f"The database was restored: {why}")
        found.append(customer.code)
    return found


def quarantine_and_note(
    acting: Acting, home: Path, reason: str, by: Member = BY_ITSELF
) -> Quarantined:
    """The same as `quarantine`; from now on this machine knows the log as it is."""
    done = quarantine(acting, reason, by)
    sealing.seal_all(acting.world.clock.now())
    high_water.note(home, acting.tenant_id)
    return done


def seal_and_note(home: Path, now: datetime) -> int:
    """Seal what waits and note how far each log has come; a log that has become shorter under us
    was restored: then its customer is quarantined at once. Returns how many events were sealed."""
    waiting = [tenant_id for tenant_id, _ in events.waiting()]
    if not waiting:
        return 0
    if any(high_water.behind(home, tenant_id) for tenant_id in waiting):
        quarantine_restored(home)
    made = sealing.seal_all(now)
    for tenant_id in waiting:
        try:
            high_water.note(home, tenant_id)
        except OSError as error:  # A full disk keeps nobody from working; it is seen less far.
            log.warning("high_water_not_noted", tenant_id=str(tenant_id), error=str(error))
    return made
