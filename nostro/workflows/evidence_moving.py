"""Files are moved between the database and the object store, one at a time, without losing any.

1. The locked pieces are written to the store under a name of their own, in little memory.
2. They are read back and compared; only then the row says the store and the pieces here are gone.
   The object is looked at once more under the lock of the row, under which alone any is removed.
3. Back again, each piece is seen to open before it is kept here; the object stays for `sweep`.

Each file may be interrupted at any point and is begun again: what stands in the store already is
compared like what was just written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Final, Protocol
from uuid import UUID

import msgspec
import structlog

from nostro.domain.errors import Refused, Unavailable
from nostro.domain.policies.retention import MONTHS_DEFAULT, kept_until
from nostro.ports import ObjectLock
from nostro.storage import events, evidence_keys, evidence_objects, parties, retention
from nostro.storage.evidence_keys import DATABASE
from nostro.storage.evidence_objects import PLACES, S3, Amount, StoredFile
from nostro.storage.tenancy import tenant
from nostro.workflows.context import Acting, installed, job_for

log = structlog.get_logger()
BATCH: Final = 200
FEW: Final = 20  # Files of one customer, before the next one's turn.
PAUSE: Final = timedelta(seconds=30)
STAYS: Final = timedelta(days=1)  # What is at work now needs no other system than the database.
_ODD: Final = ("evidence_object_changed", "evidence_incomplete", "object_missing")
_FIRST: Final = UUID(int=0)


class Digest(Protocol):
    """What a hash of Python's library takes bytes with."""

    def update(self, piece: bytes, /) -> None: ...


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """How many files were moved, and those left because they are not what was kept."""

    files: int
    changed: list[UUID]
    open: int


def choose_place(acting: Acting, place: str, reason: str) -> None:
    """Keep the customer's files at this place from now on; `move_all` moves those there are."""
    if place == S3:
        evidence_objects.store()  # Refused without one.
    with tenant(acting.tenant_id):
        before = evidence_objects.chosen()
        if before == place:
            return
        evidence_objects.choose(place)
        told = {"before": before, "after": place, "reason": reason}
        events.record(
            [acting.event("customer.evidence_place_changed", "customer", acting.tenant_id, **told)]
        )


def left_to_move(acting: Acting, place: str) -> Amount:
    """How much is not at this place yet."""
    with tenant(acting.tenant_id):
        return evidence_objects.amount(_other(place))


def move_all(acting: Acting, place: str, tell: Callable[[int], None]) -> Moved:
    """Move every file of the customer to a place; `tell` hears the bytes of each that was.

    May be stopped at any time and begun again. Raises what the store raises when it is away.
    """
    count, changed, after = 0, [], _FIRST
    while True:
        with tenant(acting.tenant_id):
            found = evidence_objects.waiting(_other(place), after, BATCH)
        for after in found:
            try:
                size = move(acting, after, place)
            except Refused as error:
                if error.code not in _ODD:
                    raise
                changed.append(after)
                continue
            tell(size)
            count += 1
        if len(found) < BATCH:
            break
    with tenant(acting.tenant_id):
        return Moved(files=count, changed=changed, open=evidence_objects.locked_openly())


def move(acting: Acting, evidence_id: UUID, place: str) -> int:
    """Move one file; returns its bytes. Nothing happens to one that is there already or erased."""
    with tenant(acting.tenant_id):
        file = evidence_objects.find(evidence_id)
        if file is None or file.kept_in != _other(place):
            return 0
        lock = lock_wanted(file, acting.world.clock.now())
    try:
        if place == S3:
            _to_store(acting, file, lock)
        else:
            _to_database(acting, file)
    except Refused:
        with tenant(acting.tenant_id):
            found = evidence_objects.find(evidence_id)
        if found is not None and found.kept_in == file.kept_in:
            raise
        return 0  # Another worker has moved it, or somebody has erased it, meanwhile.
    return file.size_bytes


def _to_store(acting: Acting, file: StoredFile, lock: ObjectLock | None) -> None:
    store, name = evidence_objects.store(), file.name_for(acting.tenant_id)
    written = hashlib.sha256()
    if not store.add(name, _digested(written, _locked_pieces(acting, file)), lock):
        written = hashlib.sha256()  # It stands there from before: what should be, is read alone.
        for _ in _digested(written, _locked_pieces(acting, file)):
            pass
    read = hashlib.sha256()
    for _ in _digested(read, store.pieces(name)):
        pass
    if read.digest() != written.digest():
        raise evidence_objects.object_changed(name)
    if lock is not None:
        store.lock(name, lock)
    with tenant(acting.tenant_id):
        found = evidence_objects.find(file.id, to_change=True)
        if found is not None and found.kept_in == DATABASE:
            store.lock_of(name)  # It is there.
            evidence_objects.now_in_store(file.id)
    if found is not None and not found.kept_in:
        store.remove(name)  # It was erased meanwhile.


def _to_database(acting: Acting, file: StoredFile) -> None:
    with tenant(acting.tenant_id):
        found = evidence_objects.find(file.id, to_change=True)
        key = evidence_keys.of(file.id)
        if found is None or found.kept_in != S3 or key is None:
            return
        for sequence in range(file.pieces):
            locked, _ = evidence_objects.piece_of(found.digest, file.id, key, sequence)
            evidence_keys.keep_piece(file.id, sequence, locked)
        evidence_objects.now_in_database(file.id)


def _locked_pieces(acting: Acting, file: StoredFile) -> Iterator[bytes]:
    """The locked pieces here, each fetched in a unit of work of its own."""
    for sequence in range(file.pieces):
        with tenant(acting.tenant_id):
            piece = evidence_objects.locked_piece(file.id, sequence)
        yield piece


def _digested(digest: Digest, pieces: Iterator[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        digest.update(piece)
        yield piece


def lock_wanted(file: StoredFile, now: datetime) -> ObjectLock | None:
    """What retention and legal holds ask for of a file's object; None where nothing can be locked.

    Inside the unit of work: until the end of the last day on which it must be kept.
    """
    store = evidence_objects.store()
    if not store.locks():
        return None
    months = retention.months()
    day = kept_until(file.recorded_at.date(), MONTHS_DEFAULT if months is None else months)
    ends = datetime.combine(day + timedelta(days=1), time.min, UTC)
    return ObjectLock(
        mode=store.lock_mode,
        until=ends if ends > now else None,
        held=retention.hold_over([file.id], now.date()) is not None,
    )


def lock_object(acting: Acting, file: StoredFile) -> bool:
    """Let the lock of a file's object follow retention and holds; False where it has none."""
    with tenant(acting.tenant_id):
        lock = lock_wanted(file, acting.world.clock.now())
    if lock is not None:
        evidence_objects.store().lock(file.name_for(acting.tenant_id), lock)
    return lock is not None


def _other(place: str) -> str:
    return next(one for one in PLACES if one != place)


class Attending:
    """Moves what came since: the task of a worker beside its clock. Payments never wait for it."""

    def __init__(self) -> None:
        self._again_at: datetime | None = None
        self._left: set[UUID] = set()

    def __call__(self) -> int:
        """Move a few files of each customer whose place is the store; returns how many.

        A store that is away is told, and asked again after PAUSE.
        """
        now, count = installed().clock.now(), 0
        if self._again_at is not None and self._again_at - PAUSE <= now < self._again_at:
            return 0
        self._again_at = None
        try:
            for customer in parties.customers():
                count += self._few_of(job_for(customer.id), now - STAYS)
        except (Unavailable, Refused) as error:
            log.error("evidence_not_moved", error=str(error))
        if not count:
            self._again_at = now + PAUSE
        return count

    def _few_of(self, acting: Acting, recorded_before: datetime) -> int:
        with tenant(acting.tenant_id):
            if evidence_objects.chosen() != S3:
                return 0
            limit = FEW + len(self._left)
            found = evidence_objects.waiting(DATABASE, _FIRST, limit, recorded_before)
        count = 0
        for evidence_id in (one for one in found if one not in self._left):
            try:
                move(acting, evidence_id, S3)
                count += 1
            except Refused as error:
                if error.code not in _ODD:
                    raise
                self._left.add(evidence_id)
                log.error("evidence_not_moved", evidence_id=str(evidence_id), error=str(error))
        return count
