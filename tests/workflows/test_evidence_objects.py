"""Files in an object store, at an emulator of S3: moved both ways, read, changed, erased, swept."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.db import connections
from structlog.testing import capture_logs

from nostro.connectors.object_store import PART_BYTES
from nostro.domain.errors import Refused, Unavailable
from nostro.storage import evidence, evidence_keys, evidence_objects, retention
from nostro.storage.evidence import CHUNK_BYTES
from nostro.storage.evidence_keys import DATABASE
from nostro.storage.evidence_objects import S3
from nostro.storage.tenancy import tenant
from nostro.workflows import evidence_moving, evidence_sweeping
from nostro.workflows.context import installed
from nostro.workflows.evidence_moving import PAUSE, STAYS, Attending
from nostro.workflows.retention import erase_evidence, lift_hold, place_hold, set_retention
from tests.object_store import KEYS, EmulatedStore, emulated_store, emulated_store_elsewhere
from tests.workflows.company import Company

pytestmark = pytest.mark.usefixtures("database")

ROOT = Path(__file__).parents[2]
SIZES = (0, 1, CHUNK_BYTES, 2 * CHUNK_BYTES + 5)
EARLIER, LATER = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def emulator() -> Iterator[EmulatedStore]:
    with emulated_store() as found:
        yield found


@pytest.fixture
def company() -> Company:
    return Company()


@pytest.fixture
def bucket(emulator: EmulatedStore, monkeypatch: pytest.MonkeyPatch) -> str:
    return use(emulator, monkeypatch, locked=False)


def use(emulator: EmulatedStore, monkeypatch: pytest.MonkeyPatch, *, locked: bool) -> str:
    """Give this process a bucket with versions, and with object lock or without."""
    name = emulator.bucket(locked=locked)
    if not locked:
        emulator.client.put_bucket_versioning(
            Bucket=name, VersioningConfiguration={"Status": "Enabled"}
        )
    store = emulator.store(name, prefix="files/")
    monkeypatch.setattr(settings, "EVIDENCE_STORE", lambda: store)
    return name


def bytes_of(size: int, salt: str = "") -> bytes:
    return hashlib.shake_128(f"{size}{salt}".encode()).digest(size)


def keep(company: Company, content: bytes) -> UUID:
    with tenant(company.tenant_id):
        return evidence.keep(
            company.world.ids.new(), content, name="file.xml", media_type="text/xml",
            direction="in", now=company.clock.now(),
        )  # fmt: skip


def read(company: Company, evidence_id: UUID) -> bytes:
    with tenant(company.tenant_id):
        return evidence.read(evidence_id)


def tomorrow(later: timedelta) -> None:
    """Let the clock that jobs go by be later."""
    installed().clock.advance(seconds=later.total_seconds())  # type: ignore[attr-defined]


def move_all(company: Company, place: str) -> int:
    return evidence_moving.move_all(company.job, place, lambda _: None).files


def pieces_here(evidence_id: UUID) -> int:
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM evidence_chunk WHERE evidence_id = %s", [evidence_id])
        return int(cursor.fetchone()[0])


def objects(emulator: EmulatedStore, bucket: str) -> list[dict[str, Any]]:
    return list(emulator.client.list_object_versions(Bucket=bucket).get("Versions", []))


def object_of(emulator: EmulatedStore, bucket: str, evidence_id: UUID) -> dict[str, str]:
    (key,) = {one["Key"] for one in objects(emulator, bucket) if str(evidence_id) in one["Key"]}
    return {"Bucket": bucket, "Key": key}


def refused(company: Company, evidence_id: UUID) -> Refused:
    with pytest.raises(Refused) as told:
        read(company, evidence_id)
    return told.value


def test_an_emulator_gives_back_what_it_was_given_both_ways(
    emulator: EmulatedStore, bucket: str, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    contents = [bytes_of(size) for size in SIZES]
    kept = [keep(company, content) for content in contents]
    with tenant(company.tenant_id):
        streams = [evidence.reading(one) for one in kept]
        begun = [stream.read(10) for stream in streams]
    assert move_all(company, S3) == len(SIZES)
    assert move_all(company, S3) == 0
    for one, content, head, stream in zip(kept, contents, begun, streams, strict=True):
        assert head + stream.read() == content, "begun here, ended there"
        assert read(company, one) == content
        assert keep(company, content) == one, "kept once only"
        assert pieces_here(one) == 0
        with tenant(company.tenant_id):
            assert evidence.describe(one)[2] == hashlib.sha256(content).hexdigest()
        at = object_of(emulator, bucket, one)
        assert at["Key"].startswith(f"files/{company.tenant_id}/")
        assert hashlib.sha256(content).hexdigest() not in at["Key"]
        stored = emulator.client.get_object(**at)["Body"].read()
        assert len(content) < 100 or content[:100] not in stored
    with tenant(Company().tenant_id), pytest.raises(Refused, match="no such file"):
        evidence.read(kept[0])
    found = evidence_sweeping.check(company.job)
    assert (found.files, found.size_bytes) == (len(SIZES), sum(SIZES))
    assert not found.missing + found.changed
    assert move_all(company, DATABASE) == len(SIZES)
    monkeypatch.setattr(settings, "EVIDENCE_STORE", lambda: None)
    assert [read(company, one) for one in kept] == contents


def test_what_was_changed_at_the_emulator_is_refused_and_named(
    emulator: EmulatedStore, bucket: str, company: Company
) -> None:
    content = bytes_of(2 * CHUNK_BYTES + 9)
    kept, other = keep(company, content), keep(company, content[::-1])
    move_all(company, S3)
    at, client = object_of(emulator, bucket, kept), emulator.client
    true = client.get_object(**at)["Body"].read()
    foreign = client.get_object(**object_of(emulator, bucket, other))["Body"].read()
    swapped = true[CHUNK_BYTES + 28 : 2 * (CHUNK_BYTES + 28)] + true[: CHUNK_BYTES + 28]
    for changed in (true[:-1] + bytes([true[-1] ^ 1]), foreign, swapped, b"x"):
        client.put_object(**at, Body=changed)
        told = refused(company, kept)
        assert told.code == "evidence_object_changed"
        assert at["Key"].removeprefix("files/") in told.happened
        moved = evidence_moving.move_all(company.job, DATABASE, lambda _: None)
        assert moved.changed == [kept]
        assert pieces_here(kept) == 0
        move_all(company, S3)  # The other one, back again.
    assert evidence_sweeping.check(company.job).changed == [at["Key"].removeprefix("files/")]
    client.put_object(**at, Body=true[: CHUNK_BYTES + 28])
    assert refused(company, kept).code == "evidence_incomplete"
    emulator.store(bucket, prefix="files/").remove(at["Key"].removeprefix("files/"))
    assert refused(company, kept).code == "object_missing"
    assert evidence_sweeping.check(company.job).missing == [at["Key"].removeprefix("files/")]


def test_nothing_is_dropped_here_before_the_same_was_read_there(
    emulator: EmulatedStore, bucket: str, company: Company
) -> None:
    kept = keep(company, b"<Document/>")
    move_all(company, S3)
    at = object_of(emulator, bucket, kept)
    move_all(company, DATABASE)
    emulator.client.put_object(**at, Body=b"something else under the name")
    moved = evidence_moving.move_all(company.job, S3, lambda _: None)
    assert (moved.files, moved.changed) == (0, [kept])
    assert (pieces_here(kept), read(company, kept)) == (1, b"<Document/>")


_MOVER = """
import os, signal, sys
from pathlib import Path
from uuid import UUID
import django
django.setup()
from django.conf import settings
from nostro.ops.calendar import HolidayCalendar
from nostro.ops.clock import SystemClock
from nostro.ops.identifiers import TimeOrderedIds
from nostro.ops.secrets import FileSecrets
from nostro.workflows import evidence_moving
from nostro.workflows.context import JOB, Acting, World

class Killed:
    "A store in front of which the process is killed after so many steps."
    def __init__(self, inner, steps):
        self.inner, self.steps = inner, steps
    def __getattr__(self, name):
        return getattr(self.inner, name)
    def step(self):
        self.steps -= 1
        if not self.steps:
            os.kill(os.getpid(), signal.SIGKILL)
    def add(self, name, pieces, lock=None):
        added = self.inner.add(name, map(lambda piece: (self.step(), piece)[1], pieces), lock)
        self.step()
        return added
    def read(self, *asked):
        self.step()
        return self.inner.read(*asked)

store = Killed(settings.EVIDENCE_STORE(), int(sys.argv[3]))
settings.EVIDENCE_STORE = lambda: store
world = World(clock=SystemClock(), ids=TimeOrderedIds(), secrets=FileSecrets(Path("none")),
              calendar=HolidayCalendar())
acting = Acting(tenant_id=UUID(sys.argv[1]), actor=JOB, world=world)
evidence_moving.move_all(acting, sys.argv[2], lambda _: None)
"""


def killed_while_moving(
    emulator: EmulatedStore, database: str, bucket: str, company: Company, place: str, steps: int
) -> None:
    environment = {
        **os.environ,
        "NOSTRO_DATABASE_URL": database,
        "NOSTRO_DATABASE_ADDRESS": "",
        "PYTHONPATH": str(ROOT),
        "NOSTRO_EVIDENCE_S3_BUCKET": bucket,
        "NOSTRO_EVIDENCE_S3_PREFIX": "files",
        "NOSTRO_EVIDENCE_S3_ENDPOINT": emulator.url,
        "NOSTRO_EVIDENCE_S3_PATH_STYLE": "true",
        "NOSTRO_EVIDENCE_S3_REGION": "us-east-1",
        **{name.upper(): value for name, value in KEYS.items()},  # As boto3 finds them itself.
    }
    command = [sys.executable, "-c", _MOVER, str(company.tenant_id), place, str(steps)]
    ended = subprocess.run(command, env=environment, cwd=ROOT, check=False)
    assert ended.returncode == -signal.SIGKILL


def test_a_move_is_resumed_after_kills_in_the_middle_of_files_at_an_emulator(
    emulator: EmulatedStore, database: str, bucket: str, company: Company
) -> None:
    """Killed in the middle of an upload; after it, before the row says so; and on the way back."""
    contents = [bytes_of(size, "kill") for size in (10, PART_BYTES + 2 * CHUNK_BYTES, 11)]
    kept = [keep(company, content) for content in contents]
    for steps in (2, 9):  # One piece and its end; then seven pieces of the second, and its end.
        killed_while_moving(emulator, database, bucket, company, S3, steps)
        assert [read(company, one) for one in kept] == contents
    with tenant(company.tenant_id):
        assert evidence_objects.amount(DATABASE).files > 0
    move_all(company, S3)
    assert [read(company, one) for one in kept] == contents
    assert [pieces_here(one) for one in kept] == [0, 0, 0]
    assert len(objects(emulator, bucket)) == 3, "nothing was written twice"
    killed_while_moving(emulator, database, bucket, company, DATABASE, 5)
    assert [read(company, one) for one in kept] == contents
    assert [pieces_here(one) for one in kept] == [1, 0, 0]
    assert move_all(company, DATABASE) == 2
    assert [read(company, one) for one in kept] == contents


class Meanwhile:
    """A store in front of which something else happens once, before an object is read back."""

    def __init__(self, inner: Any, happens: Callable[[], object]) -> None:
        self._inner = inner
        self._happens: list[Callable[[], object]] = [happens]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def add(self, *asked: Any) -> bool:
        added = bool(self._inner.add(*asked))
        while self._happens:
            self._happens.pop()()
        return added


@pytest.mark.parametrize("happens", ["moved", "erased", "swept"])
def test_what_happens_meanwhile_at_an_emulator_loses_nothing(
    bucket: str, company: Company, emulator: EmulatedStore,
    monkeypatch: pytest.MonkeyPatch, happens: str,
) -> None:  # fmt: skip
    kept = keep(company, b"<Document/>")
    with tenant(company.tenant_id):
        retention.set_months(0, company.clock.now())
    company.clock.advance(days=366)
    meanwhile: dict[str, Callable[[], object]] = {
        "moved": lambda: evidence_moving.move(company.job, kept, S3),
        "erased": lambda: erase_evidence(company.job, kept, "asked by Ms Muster"),
        "swept": lambda: evidence_sweeping.sweep(company.job, LATER),
    }
    store = Meanwhile(evidence_objects.store(), meanwhile[happens])
    monkeypatch.setattr(settings, "EVIDENCE_STORE", lambda: store)
    moved = evidence_moving.move_all(company.job, S3, lambda _: None)
    left = [one for one in objects(emulator, bucket) if str(kept) in one["Key"]]
    if happens == "erased":
        assert (refused(company, kept).code, left) == ("evidence_erased", [])
    else:
        assert read(company, kept) == b"<Document/>"
        assert moved.changed == ([kept] if happens == "swept" else [])
        assert (pieces_here(kept), len(left)) == ((1, 0) if happens == "swept" else (0, 1))


def test_an_emulator_that_is_away_keeps_nobody_from_keeping_and_is_caught_up(
    emulator: EmulatedStore, bucket: str, company: Company
) -> None:
    old = keep(company, b"old")
    evidence_moving.choose_place(company.job, S3, "the disk is small")
    move_all(company, S3)
    attend = Attending()
    new = keep(company, b"new")
    assert attend() == 0
    assert pieces_here(new) == 1, "what is at work needs the database alone"
    tomorrow(STAYS + PAUSE)
    emulator.stop()
    try:
        assert read(company, keep(company, b"newer")) == b"newer"
        with pytest.raises(Unavailable) as told:
            read(company, old)
        with capture_logs() as logs:
            assert attend() == attend() == 0
    finally:
        emulator.start()
    assert told.value.code == "object_store_unreachable"
    assert [one["event"] for one in logs] == ["evidence_not_moved"]
    assert pieces_here(new) == 1
    tomorrow(PAUSE)
    assert attend() == 1
    assert pieces_here(new) == 0
    assert (read(company, old), read(company, new)) == (b"old", b"new")


def test_only_the_customers_who_chose_it_are_moved_by_themselves(
    bucket: str, company: Company
) -> None:
    other = Company()
    ours, theirs = keep(company, b"ours"), keep(other, b"theirs")
    evidence_moving.choose_place(company.job, S3, "the disk is small")
    tomorrow(STAYS + PAUSE)
    Attending()()
    assert (pieces_here(ours), pieces_here(theirs)) == (0, 1)
    evidence_moving.choose_place(company.job, DATABASE, "the store is closed")
    move_all(company, DATABASE)
    Attending()()
    assert pieces_here(ours) == 1


def test_without_a_store_none_is_chosen(company: Company) -> None:
    with pytest.raises(Refused) as told:
        evidence_moving.choose_place(company.job, S3, "a wish")
    assert told.value.code == "evidence_store_unknown"


def test_retention_and_holds_become_locks_at_an_emulator(
    emulator: EmulatedStore, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = use(emulator, monkeypatch, locked=True)
    year = company.clock.now().year
    small, large = keep(company, b"small"), keep(company, bytes_of(PART_BYTES + 1, "lock"))
    place_hold(company.job, "Tax", "a letter", evidence_id=small)
    move_all(company, S3)

    def lock(evidence_id: UUID) -> tuple[str, datetime, bool]:
        found = emulator.client.head_object(**object_of(emulator, bucket, evidence_id))
        held = found.get("ObjectLockLegalHoldStatus") == "ON"
        return found["ObjectLockMode"], found["ObjectLockRetainUntilDate"], held

    ends = datetime(year + 11, 1, 1, tzinfo=UTC)
    assert lock(small) == ("COMPLIANCE", ends, True)
    assert lock(large) == ("COMPLIANCE", ends, False)
    lift_hold(company.job, "Tax", "closed")
    set_retention(company.job, 132, "what our lawyer says")
    assert evidence_sweeping.lock_all(company.job) == 2
    longer = datetime(year + 12, 1, 1, tzinfo=UTC)
    assert lock(small) == lock(large) == ("COMPLIANCE", longer, False)
    set_retention(company.job, 0, "a mistake")
    evidence_sweeping.lock_all(company.job)
    assert lock(small)[1] == longer, "a lock is never shortened"
    company.clock.advance(days=366)
    erase_evidence(company.job, small, "asked by Ms Muster")
    assert refused(company, small).code == "evidence_erased"
    assert object_of(emulator, bucket, small), "locked: there, and nobody can read it"
    assert evidence_sweeping.sweep(company.job, LATER).still_locked == 1


def test_erased_it_is_gone_from_the_emulator_too_if_need_be_by_the_next_sweep(
    emulator: EmulatedStore, bucket: str, company: Company
) -> None:
    at_once, later = keep(company, b"personal"), keep(company, b"personal, too")
    set_retention(company.job, 0, "what our lawyer says")
    move_all(company, S3)
    company.clock.advance(days=2 * 366)
    erase_evidence(company.job, at_once, "asked by Ms Muster")
    assert not [one for one in objects(emulator, bucket) if str(at_once) in one["Key"]]
    emulator.stop()
    try:
        with capture_logs() as logs:
            erase_evidence(company.job, later, "asked by Ms Muster")
    finally:
        emulator.start()
    assert [one["event"] for one in logs] == ["evidence_object_left"]
    assert refused(company, later).code == "evidence_erased"
    assert evidence_sweeping.sweep(company.job, EARLIER).removed == 1
    assert not objects(emulator, bucket)
    assert keep(company, b"personal") != at_once


def test_a_sweep_removes_what_nothing_refers_to_after_its_time_of_grace(
    emulator: EmulatedStore, bucket: str, company: Company
) -> None:
    kept, back = keep(company, b"kept"), keep(company, b"moved back")
    move_all(company, S3)
    evidence_moving.move(company.job, back, DATABASE)
    store = emulator.store(bucket, prefix="files/")
    store.add(f"{company.tenant_id}/{'ab' * 32}/{company.world.ids.new()}", [b"never committed"])
    store.add(f"{Company().tenant_id}/x/{company.world.ids.new()}", [b"another customer's"])
    begun = emulator.client.create_multipart_upload(Bucket=bucket, Key="files/never-ended")
    found = evidence_sweeping.sweep(company.job, EARLIER)
    assert (found.removed, found.young) == (0, 2)
    quarantined(company, on=True)
    assert evidence_sweeping.sweep(company.job, LATER).removed == 0, (
        "who knows what it has forgotten"
    )
    quarantined(company, on=False)
    found = evidence_sweeping.sweep(company.job, LATER)
    assert (found.files, found.removed, found.young) == (1, 2, 0)
    assert len(objects(emulator, bucket)) == 2
    assert (read(company, kept), read(company, back)) == (b"kept", b"moved back")
    assert store.give_up_uploads(EARLIER) == 0
    assert begun["UploadId"]
    assert store.give_up_uploads(LATER) == 1


def quarantined(company: Company, *, on: bool) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "UPDATE customer SET quarantined = %s WHERE id = %s", [on, company.tenant_id]
        )


def test_the_terminal_moves_sweeps_and_tells_what_a_backup_lacks(
    emulator: EmulatedStore, bucket: str, company: Company, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    from nostro.cli import evidence_work

    one = keep(company, b"first")
    keep(company, b"second")
    evidence_work.move(S3, "the disk is small", company.code)
    assert f"{company.code}: 2 of 2 files moved." in capsys.readouterr().out
    evidence_work.sweep(30, company.code)
    assert evidence_work.check_backed_up(company.job, company.code)
    assert f"{company.code}: 2 files, 11 bytes, are in the object store." in capsys.readouterr().out
    at = object_of(emulator, bucket, one)
    emulator.client.delete_object(**at)
    assert evidence_work.check_backed_up(company.job, company.code), "an earlier version is there"
    emulator.store(bucket).remove(at["Key"])
    assert not evidence_work.check_backed_up(company.job, company.code)
    assert "MISSING" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        evidence_work.sweep(30, company.code)
    emulator.stop()
    try:
        assert not evidence_work.check_backed_up(company.job, company.code)
    finally:
        emulator.start()
    assert "could not be looked for" in capsys.readouterr().out


def test_a_large_file_goes_to_an_emulator_and_back_in_little_memory(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    """100 MB with SOAK=1. The emulator is a process of its own: its memory is not ours."""
    size = 100 if "SOAK" in os.environ else 30
    told = hashlib.sha256()
    with emulated_store_elsewhere() as emulator, tempfile.TemporaryFile() as file:
        store = emulator.store(emulator.bucket(locked=False))
        monkeypatch.setattr(settings, "EVIDENCE_STORE", lambda: store)
        for number in range(size):
            file.write(bytes_of(1000, str(number)) * 1000)
        with tenant(company.tenant_id):
            kept = evidence.keep_stream(
                company.world.ids.new(), file, name="big", media_type="text/plain",
                direction="in", now=company.clock.now(),
            )  # fmt: skip
        store.locks()  # The library itself is loaded before it is measured.
        tracemalloc.start()
        evidence_moving.move(company.job, kept, S3)
        assert pieces_here(kept) == 0
        with tenant(company.tenant_id):
            stream = evidence.reading(kept)
        while piece := stream.read(CHUNK_BYTES):
            told.update(piece)
        evidence_moving.move(company.job, kept, DATABASE)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        file.seek(0)
        assert told.hexdigest() == hashlib.file_digest(file, "sha256").hexdigest()
    assert pieces_here(kept) == -(-size * 1_000_000 // CHUNK_BYTES)
    assert most < 5 * PART_BYTES, most


def test_a_key_that_was_changed_meanwhile_opens_what_is_in_the_emulator(
    bucket: str, company: Company
) -> None:
    """The customer's new key locks the file's key anew; not a byte in the store is written."""
    from nostro.workflows.rotating import rotate_data_keys

    kept = keep(company, b"<Document/>")
    move_all(company, S3)
    rotate_data_keys(company.job)
    assert read(company, kept) == b"<Document/>"
    with tenant(company.tenant_id):
        assert evidence_keys.of(kept) is not None
    assert company.clock.now() < LATER - timedelta(days=1)
