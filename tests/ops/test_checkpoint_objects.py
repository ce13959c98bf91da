"""Checkpoints in a bucket with object lock, at an emulator of S3: nobody deletes them there."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from botocore.exceptions import ClientError
from django.db import connections
from structlog.testing import capture_logs

from nostro import verifier
from nostro.cli.work import PAUSE, exporting
from nostro.domain.errors import NostroError, Refused, Unavailable
from nostro.ops import audit_archive, checkpoints, sealing
from nostro.ops.checkpoint_folder import CheckpointFolder
from nostro.ops.checkpoint_objects import CheckpointObjects
from nostro.ops.identifiers import TimeOrderedIds
from nostro.ops.secrets import FileSecrets
from nostro.storage import events
from nostro.storage.tenancy import tenant
from tests import seed
from tests.database import Cluster
from tests.object_store import EmulatedStore, emulated_store
from tests.ops.rewritten_log import rewrite

pytestmark = pytest.mark.usefixtures("database")

new = TimeOrderedIds().new
NOW = seed.NOW
YEARS = timedelta(days=36500)  # Beyond the real day, whatever day the tests pretend.


@pytest.fixture(scope="module")
def emulator() -> Iterator[EmulatedStore]:
    with emulated_store() as found:
        yield found


@pytest.fixture
def name(emulator: EmulatedStore) -> str:
    return emulator.bucket()


@pytest.fixture
def bucket(emulator: EmulatedStore, name: str) -> CheckpointObjects:
    return CheckpointObjects(emulator.store(name, prefix="nostro/"), YEARS)


@pytest.fixture
def secrets(tmp_path: Path) -> FileSecrets:
    return FileSecrets(tmp_path / "secrets")


@pytest.fixture
def customer() -> UUID:
    made = seed.customer(f"C{new().hex[-8:]}", payments=1)
    sealing.seal_all(NOW)
    return made.tenant_id


def happen(tenant_id: UUID) -> None:
    with tenant(tenant_id):
        events.record([seed.event("payment.created", new()) for _ in range(3)])
    sealing.seal_all(NOW)


def signed(secrets: FileSecrets, customer: UUID, count: int) -> None:
    """Let so many checkpoints be made, none of which leaves yet."""
    for _ in range(count):
        happen(customer)
        checkpoints.sign(secrets, NOW, at_once=True)


def exported(tenant_id: UUID) -> io.BytesIO:
    file = io.BytesIO()
    audit_archive.write(tenant_id, file, NOW)
    file.seek(0)
    return file


def versions(emulator: EmulatedStore, name: str) -> list[dict[str, Any]]:
    return list(emulator.client.list_object_versions(Bucket=name).get("Versions", []))


def test_at_an_emulator_what_was_kept_is_neither_deleted_nor_replaced(
    emulator: EmulatedStore,
    name: str,
    bucket: CheckpointObjects,
    secrets: FileSecrets,
    customer: UUID,
) -> None:
    signed(secrets, customer, 3)
    assert checkpoints.export([bucket], NOW) == 3
    assert checkpoints.export([bucket], NOW) == 0
    kept = versions(emulator, name)
    assert len(kept) == 3
    assert all(one["Key"].startswith(f"nostro/{customer}/000000000") for one in kept)
    before = [one.number for one in bucket.statements(customer)]
    client = emulator.client
    for one in kept:
        at = {"Bucket": name, "Key": one["Key"]}
        with pytest.raises(ClientError, match="AccessDenied"):
            client.delete_object(**at, VersionId=one["VersionId"], BypassGovernanceRetention=True)
        found = client.head_object(**at)
        assert found["ObjectLockMode"] == "COMPLIANCE"
        assert found["ObjectLockRetainUntilDate"] == (NOW + YEARS).replace(microsecond=0)
        # What S3 admits: a newer version over it, and a mark that hides it.
        client.put_object(**at, Body=b'{"signature":"00","statement":{}}\n')
        client.delete_object(**at)
    assert [one.number for one in bucket.statements(customer)] == before == [1, 2, 3]


def test_the_same_again_writes_nothing_and_another_is_never_taken_for_it(
    emulator: EmulatedStore,
    name: str,
    bucket: CheckpointObjects,
    secrets: FileSecrets,
    customer: UUID,
) -> None:
    signed(secrets, customer, 2)
    folder = CheckpointFolder(secrets.directory / "outside")
    checkpoints.export([folder, bucket], NOW)
    statements = bucket.statements(customer)
    bucket.keep(customer, statements, NOW)
    assert len(versions(emulator, name)) == 2
    assert bucket.statements(customer, {statements[0].digest()}) == statements[1:]
    assert folder.statements(customer) == statements
    foreign = f"{customer}/0000000003-{'ab' * 32}.jsonl"
    emulator.store(name, prefix="nostro/").add(foreign, [statements[0].line().encode()])
    with pytest.raises(Refused, match=foreign) as told:
        bucket.statements(customer)
    assert told.value.code == "checkpoint_changed"


def test_a_name_that_somebody_has_taken_is_told(
    emulator: EmulatedStore,
    name: str,
    bucket: CheckpointObjects,
    secrets: FileSecrets,
    customer: UUID,
) -> None:
    signed(secrets, customer, 1)
    folder = CheckpointFolder(secrets.directory / "outside")
    with pytest.raises(Refused):
        checkpoints.export(
            [folder, CheckpointObjects(emulator.store(emulator.bucket(locked=False)), YEARS)],
            NOW,
        )
    (one,) = folder.statements(customer)
    taken = f"{customer}/{one.number:010d}-{one.digest()}.jsonl"
    emulator.store(name, prefix="nostro/").add(taken, [b"something else"])
    with pytest.raises(Refused, match=taken) as told:
        checkpoints.export([bucket], NOW)
    assert told.value.code == "checkpoint_not_kept"


def test_a_bucket_without_object_lock_is_refused(
    emulator: EmulatedStore, secrets: FileSecrets, customer: UUID
) -> None:
    open_one = emulator.bucket(locked=False)
    signed(secrets, customer, 1)
    with pytest.raises(Refused) as told:
        checkpoints.export([CheckpointObjects(emulator.store(open_one), YEARS)], NOW)
    assert told.value.code == "object_lock_missing"
    assert not versions(emulator, open_one)
    with pytest.raises(Refused) as told:
        checkpoints.export([CheckpointObjects(emulator.store("nowhere"), YEARS)], NOW)
    assert (told.value.code, "NoSuchBucket" in told.value.happened) == (
        "object_store_refused",
        True,
    )


class Wrist:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.time = NOW

    def now(self) -> datetime:
        return self.time


def test_an_outage_delays_alarms_and_is_caught_up_in_order(
    emulator: EmulatedStore,
    name: str,
    bucket: CheckpointObjects,
    secrets: FileSecrets,
    customer: UUID,
) -> None:
    folder, clock = CheckpointFolder(secrets.directory / "outside"), Wrist()
    other = seed.customer(f"O{new().hex[-8:]}", payments=1).tenant_id
    signed(secrets, customer, 2)
    export = exporting([bucket, folder], clock)
    emulator.stop()
    try:
        with capture_logs() as logs:
            for _ in range(3):
                assert export() == 0
        signed(secrets, customer, 2)  # The sealer goes on.
        signed(secrets, other, 1)  # Its first one was made beside the other customer's.
        clock.time += PAUSE
        assert export() == 0
        numbers = [one.number for one in folder.statements(customer)]
        assert numbers == [1, 2, 3, 4], "the other place goes on, and has each once"
        assert len(folder.statements(other)) == 2
    finally:
        emulator.start()
    assert [one["event"] for one in logs] == ["checkpoint_not_exported"], "told once, then paused"
    assert "could not be reached" in logs[0]["error"]
    assert "made-up" not in str(logs)
    clock.time += PAUSE
    assert export() >= 5
    assert export() == 0
    assert [one.number for one in bucket.statements(customer)] == [1, 2, 3, 4]
    assert [one.number for one in folder.statements(customer)] == [1, 2, 3, 4]
    kept = sorted(versions(emulator, name), key=lambda one: one["LastModified"])
    mine = [one["Key"] for one in kept if str(customer) in one["Key"]]
    assert mine == sorted(mine)


@pytest.fixture
def admin(cluster: Cluster) -> Iterator[psycopg.Connection[Any]]:
    with cluster.admin(str(connections["default"].settings_dict["NAME"])) as found:
        found.execute("SET session_replication_role = replica")
        yield found


def test_a_log_rewritten_whole_is_found_by_what_the_emulator_keeps(
    bucket: CheckpointObjects,
    secrets: FileSecrets,
    customer: UUID,
    admin: psycopg.Connection[Any],
    tmp_path: Path,
) -> None:
    signed(secrets, customer, 2)
    checkpoints.export([bucket], NOW)
    assert sealing.verify(customer, checkpoints.known(customer, [bucket])).whole
    rewrite(admin, customer, secrets, NOW)
    checkpoints.export([bucket], NOW)  # The forged checkpoint stands beside the true ones.
    assert sealing.verify(customer, checkpoints.known(customer, [])).whole
    found = sealing.verify(customer, checkpoints.known(customer, [bucket]))
    assert "the chain up to here is not the one that a checkpoint has" in found.why
    held = CheckpointFolder(tmp_path / "held")
    held.keep(customer, bucket.statements(customer)[:2], NOW)
    statements = verifier.held_statements(str(held.path(customer)))
    told = verifier.verify(exported(customer), checkpoints.public_key(secrets), statements)
    assert not told.whole


def test_the_terminal_writes_to_the_emulator_verifies_and_fetches(
    emulator: EmulatedStore, name: str, customer: UUID, tmp_path: Path,
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    from nostro import app
    from nostro.cli import audit, customers

    monkeypatch.setenv("NOSTRO_CHECKPOINT_S3_BUCKET", name)
    monkeypatch.setenv("NOSTRO_CHECKPOINT_S3_ENDPOINT", emulator.url)
    monkeypatch.setenv("NOSTRO_CHECKPOINT_S3_PATH_STYLE", "true")
    monkeypatch.setenv("NOSTRO_CHECKPOINT_S3_REGION", "us-east-1")
    monkeypatch.setenv("NOSTRO_CHECKPOINT_S3_LOCK_DAYS", str(YEARS.days))
    secrets = FileSecrets(app.configuration().secrets_home)
    secrets.write("checkpoint_s3_access_key_id", "made-up\n")
    secrets.write("checkpoint_s3_secret_access_key", "made-up-secret\n")
    code = next(row.code for row in customers.named("") if row.id == customer)
    try:
        audit.checkpoint()
        assert audit.verify(code)
        audit.fetch(code, tmp_path / "held")
    finally:
        for one in ("access_key_id", "secret_access_key"):
            secrets.forget(f"checkpoint_s3_{one}")
    audit.export(code, str(tmp_path / "log.jsonl"), 0)
    audit.key()
    key = capsys.readouterr().out.split()[-1]
    held = tmp_path / "held" / f"{customer}.jsonl"
    command = [sys.executable, verifier.__file__, str(tmp_path / "log.jsonl")]
    told = subprocess.run(
        [*command, "--key", key, "--checkpoints", str(held)], capture_output=True, check=False
    )
    assert told.returncode == 0, told.stdout
    assert b"made-up-secret" not in told.stdout


def test_without_a_bucket_there_is_nothing_to_fetch(tmp_path: Path) -> None:
    from nostro.cli import audit

    with pytest.raises(Refused) as told:
        audit.fetch("", tmp_path)
    assert told.value.code == "checkpoint_bucket_unknown"


def test_failures_are_told_without_a_credential(emulator: EmulatedStore) -> None:
    nobody = emulator.store("bucket", endpoint="http://127.0.0.1:9", connect_seconds=30)
    with pytest.raises(Unavailable) as away:
        nobody.add("x", [b"x"])
    assert away.value.code == "object_store_unreachable"
    store = emulator.store(emulator.bucket())
    with pytest.raises(Refused) as missing:
        store.read("never-written")
    assert missing.value.code == "object_missing"
    for failure in (away.value, missing.value):
        assert isinstance(failure, NostroError)
        assert "made-up" not in str(failure) + repr(failure.__cause__)
    assert "made-up" not in repr(emulator.settings("bucket"))
    assert datetime.now(UTC) < NOW + YEARS
