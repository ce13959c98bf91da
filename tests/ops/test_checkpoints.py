"""Checkpoints leave the database in order and once; whoever rewrites the log meets them outside."""

from __future__ import annotations

import io
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import psycopg
import pytest
from django.db import DatabaseError, connections

from nostro import verifier
from nostro.domain.audit_statement import Signed
from nostro.ops import audit_archive, checkpoints, sealing
from nostro.ops.checkpoint_folder import CheckpointFolder
from nostro.ops.identifiers import TimeOrderedIds
from nostro.ops.secrets import FileSecrets
from nostro.storage import audit_statements, events
from nostro.storage.tenancy import tenant
from tests import seed
from tests.database import Cluster
from tests.ops.rewritten_log import rewrite

pytestmark = pytest.mark.usefixtures("database")

new = TimeOrderedIds().new
NOW = seed.NOW


@pytest.fixture
def secrets(tmp_path: Path) -> FileSecrets:
    return FileSecrets(tmp_path / "secrets")


@pytest.fixture
def folder(tmp_path: Path) -> CheckpointFolder:
    return CheckpointFolder(tmp_path / "outside")


@pytest.fixture
def customer() -> UUID:
    made = seed.customer(f"C{new().hex[-8:]}", payments=1)
    sealing.seal_all(NOW)
    return made.tenant_id


def happen(tenant_id: UUID, count: int = 3) -> None:
    with tenant(tenant_id):
        events.record([seed.event("payment.created", new()) for _ in range(count)])
    sealing.seal_all(NOW)


def exported(tenant_id: UUID, after: int = 0) -> io.BytesIO:
    file = io.BytesIO()
    audit_archive.write(tenant_id, file, NOW, after)
    file.seek(0)
    return file


def held(folder: CheckpointFolder, tenant_id: UUID) -> list[verifier.Statement]:
    return verifier.held_statements(str(folder.path(tenant_id)))


def test_an_export_is_what_the_verifier_reads(
    secrets: FileSecrets, folder: CheckpointFolder, customer: UUID
) -> None:
    for minute in range(3):
        happen(customer)
        now = NOW + timedelta(minutes=minute)
        assert checkpoints.attend(secrets, [folder], now) >= 1
        assert checkpoints.attend(secrets, [folder], now) == 0
    happen(customer)
    sealed = sealing.verify(customer)
    public = checkpoints.public_key(secrets)
    found = verifier.verify(exported(customer), public, held(folder, customer))
    assert (found.whole, found.why, found.notes) == (True, "", [])
    assert (found.entries, found.covered, found.own) == (
        sealed.sealed, sealed.sealed - 3, sealed.sealed - 3
    )  # fmt: skip
    part = verifier.verify(exported(customer, found.covered - 3), public, held(folder, customer))
    assert (part.whole, part.entries) == (True, sealed.sealed)
    other = seed.customer(f"O{new().hex[-8:]}", payments=1)
    happen(other.tenant_id)
    with pytest.raises(verifier.Unreadable, match="another customer"):
        verifier.verify(exported(other.tenant_id), public, held(folder, customer))


def test_a_busy_log_gets_one_checkpoint_a_minute(
    secrets: FileSecrets, folder: CheckpointFolder, customer: UUID
) -> None:
    counts = []
    for seconds in (0, 20, 59, 60, 61, 121):
        happen(customer, 1)
        checkpoints.attend(secrets, [folder], NOW + timedelta(seconds=seconds))
        counts.append(len(folder.statements(customer)))
    assert counts == [1, 1, 1, 2, 2, 3]
    checkpoints.attend(secrets, [folder], NOW + timedelta(seconds=122), at_once=True)
    assert len(folder.statements(customer)) == 4 - 1, "nothing grew"


def test_another_key_signs_and_the_old_one_is_gone(
    secrets: FileSecrets, folder: CheckpointFolder, customer: UUID
) -> None:
    checkpoints.attend(secrets, [folder], NOW)
    old = checkpoints.public_key(secrets)
    checkpoints.change_key(secrets, NOW)
    happen(customer)
    checkpoints.attend(secrets, [folder], NOW, at_once=True)
    public = checkpoints.public_key(secrets)
    assert public != old
    assert [name for name in secrets.names() if "signing_key_" in name] == [
        f"audit_signing_key_{checkpoints.current_key(secrets)}"
    ]
    mine = held(folder, customer)
    assert [one.said["kind"] for one in mine] == ["checkpoint", "key_change", "checkpoint"]
    for key in (old, public):
        found = verifier.verify(exported(customer), key, mine)
        assert (found.whole, found.covered, found.position) == (True, found.own, found.own)
    stranger = checkpoints.public_key(FileSecrets(secrets.directory / "other"))
    assert verifier.verify(exported(customer), stranger, mine).held == 0


class Full:
    """A place with no room, until somebody makes some."""

    def __init__(self) -> None:
        self.room = False
        self.kept: list[int] = []

    def keep(self, customer: UUID, waiting: Sequence[Signed], now: datetime) -> None:
        if not self.room:
            raise OSError(28, "No space left on device")
        self.kept.extend(signed.number for signed in waiting)

    def statements(self, customer: UUID, but: Collection[str] = ()) -> list[Signed]:
        return []


def test_what_could_not_leave_leaves_later_and_once(
    secrets: FileSecrets, folder: CheckpointFolder, customer: UUID
) -> None:
    full = Full()
    with pytest.raises(OSError, match="No space"):
        checkpoints.attend(secrets, [folder, full], NOW)
    happen(customer)
    with pytest.raises(OSError, match="No space"):
        checkpoints.attend(secrets, [folder, full], NOW, at_once=True)
    full.room = True
    checkpoints.attend(secrets, [folder, full], NOW)
    assert [one.number for one in folder.statements(customer)] == [1, 2]
    assert full.kept.count(2) >= 1


def test_a_line_that_a_crash_has_cut_is_left_and_written_whole(
    secrets: FileSecrets, folder: CheckpointFolder, customer: UUID
) -> None:
    checkpoints.attend(secrets, [folder], NOW)
    path = folder.path(customer)
    whole = path.read_bytes()
    path.write_bytes(whole[:100])
    (signed,) = _statements(customer)
    folder.keep(customer, [signed], NOW)
    folder.keep(customer, [signed], NOW)
    assert path.read_bytes() == whole[:100] + b"\n" + whole
    assert [one.number for one in folder.statements(customer)] == [1]
    assert len(held(folder, customer)) == 1


def _statements(customer: UUID) -> list[Signed]:
    with tenant(customer):
        return audit_statements.of_this_customer()


def test_a_lost_key_is_replaced_and_seen(
    secrets: FileSecrets, folder: CheckpointFolder, customer: UUID
) -> None:
    checkpoints.make(customer, secrets, NOW)
    old = checkpoints.public_key(secrets)
    for name in secrets.names():
        secrets.forget(name)
    happen(customer)
    checkpoints.attend(secrets, [folder], NOW, at_once=True)
    found = verifier.verify(exported(customer), old, held(folder, customer))
    assert "not signed by your key" in found.why
    now = verifier.verify(
        exported(customer), checkpoints.public_key(secrets), held(folder, customer)
    )
    assert (now.whole, now.covered) == (True, now.position)
    assert "signed with keys older than yours" in now.notes[0]


# ---- Whoever holds the database


@pytest.fixture
def admin(cluster: Cluster) -> Iterator[psycopg.Connection[Any]]:
    with cluster.admin(str(connections["default"].settings_dict["NAME"])) as found:
        found.execute("SET session_replication_role = replica")
        yield found


def test_a_log_rewritten_whole_is_found_by_what_left_the_database(
    secrets: FileSecrets,
    folder: CheckpointFolder,
    customer: UUID,
    admin: psycopg.Connection[Any],
) -> None:
    """Every seal, tree and statement made anew over other events: only the folder knows."""
    happen(customer)
    checkpoints.attend(secrets, [folder], NOW)
    first = exported(customer)
    rewrite(admin, customer, secrets, NOW)
    assert sealing.verify(customer, checkpoints.known(customer, [])).whole
    found = sealing.verify(customer, checkpoints.known(customer, [folder]))
    assert "the chain up to here is not the one that a checkpoint has" in found.why
    public = checkpoints.public_key(secrets)
    forged = exported(customer)
    seen = verifier.verify(forged, public, held(folder, customer))
    assert not seen.whole
    forged.seek(0)
    assert verifier.first_difference(first, forged) == 1


@pytest.mark.parametrize("alias", ["default", "ops", "owner"])
@pytest.mark.parametrize("write", ["UPDATE {} SET position = 0", "DELETE FROM {}", "TRUNCATE {}"])
@pytest.mark.parametrize("table", ["audit_statement", "seal_batch"])
def test_nobody_changes_what_was_signed(
    secrets: FileSecrets, customer: UUID, alias: str, write: str, table: str
) -> None:
    checkpoints.make(customer, secrets, NOW)
    with (
        pytest.raises(DatabaseError, match=r"written once|permission denied"),
        connections[alias].cursor() as cursor,
    ):
        cursor.execute(f"SET app.tenant = '{customer}'; {write.format(table)}")
    connections[alias].close()


def test_the_terminal_signs_exports_and_verifies(
    secrets: FileSecrets, customer: UUID, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from nostro import app
    from nostro.cli import audit, customers
    from nostro.ops import checkpoint_places

    code = next(row.code for row in customers.named("") if row.id == customer)
    audit.checkpoint()
    audit.export(code, str(tmp_path / "log.jsonl"), 0)
    assert audit.verify(code)
    audit.key()
    public = bytes.fromhex(capsys.readouterr().out.split()[-1])
    with (tmp_path / "log.jsonl").open("rb") as file:
        place = checkpoint_places.folder(app.configuration().home)
        found = verifier.verify(file, public, held(place, customer))
    assert (found.whole, found.entries - found.covered + found.unsealed) == (True, 1)
    with tenant(customer):
        sealing_of = [row for row in events.about([customer]) if row.type == "audit.exported"]
    assert [row.actor.id for row in sealing_of] == ["terminal"]
    audit.change_key()
    assert bytes.fromhex(capsys.readouterr().out.split()[-1]) != public
    assert msgspec.json.decode(_statements(customer)[-1].statement)["kind"] == "key_change"
