"""Keys of every kind are rotated under load: nobody who reads or writes meanwhile is refused."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import msgspec
import pytest
from django.conf import settings
from django.core import signing
from django.db import connections

from nostro.console.signing import refresh
from nostro.ops import envelope
from nostro.ops.key_encryption import HeldKeys, KeyFile
from nostro.ops.secrets import FileSecrets
from nostro.ops.signing_keys import SigningKeys
from nostro.ops.stored_secrets import StoredSecrets
from nostro.storage import data_keys, evidence, models, parties, stored_secrets
from nostro.storage.key_ring import using
from nostro.storage.tenancy import tenant
from nostro.workflows import connecting, rotating, webhook_keys
from nostro.workflows.connecting import Wanted
from nostro.workflows.context import Acting
from tests.workflows.company import Company, SetClock
from tests.workflows.load import Load

pytestmark = pytest.mark.usefixtures("database")
TIMES = 1000 if "SOAK" in os.environ else 100
SECRET = "connection.a.password"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeyFile]:
    """One file for the module: a rotation is of the whole installation."""
    kept = KeyFile(tmp_path_factory.mktemp("secrets") / "keys")
    with using(HeldKeys(kept.held)):
        yield kept


@pytest.fixture
def acting(keys: KeyFile, tmp_path: Path) -> Acting:
    """A company of its own whose secrets are stored as in production."""
    company = Company()
    stored = StoredSecrets(FileSecrets(tmp_path / "files"), company.clock)
    world = msgspec.structs.replace(company.world, secrets=stored)
    return msgspec.structs.replace(company.job, world=world)


def secrets_and_evidence(acting: Acting) -> Load:
    """Somebody writes and reads secrets, somebody files, somebody the first of them, uncached."""
    world = acting.world
    with tenant(acting.tenant_id):
        world.secrets.write(SECRET, "0")
        first = kept(acting, b"first")

    def write(number: int) -> None:
        with tenant(acting.tenant_id):
            world.secrets.write(SECRET, str(number))
            assert world.secrets.read(SECRET) == str(number)

    def read(number: int) -> None:
        with tenant(acting.tenant_id):
            assert world.secrets.read(SECRET).isdecimal()
            assert evidence.read(first) == b"first"
        data_keys.forget_unwrapped()

    def keep(number: int) -> None:
        with tenant(acting.tenant_id):
            content = str(number % 5).encode()
            assert evidence.read(kept(acting, content)) == content

    return Load(write, read, keep)


def kept(acting: Acting, content: bytes) -> UUID:
    return evidence.keep(
        acting.world.ids.new(), content, name="f", media_type="text/plain", direction="in",
        now=acting.world.clock.now(),
    )  # fmt: skip


def test_data_keys_under_load(acting: Acting) -> None:
    with secrets_and_evidence(acting).going_on():
        for _ in range(TIMES):
            rotating.rotate_data_keys(acting)
    rotating.lock_anew(acting)
    with tenant(acting.tenant_id):
        rows = data_keys.rows()
        newest = {row.purpose: row.id for row in reversed(rows)}
        assert {row.data_key_id for row in stored_secrets.rows()} == {newest["credentials"]}
    assert len(rows) >= 2 * TIMES
    with tenant(acting.tenant_id):
        assert data_keys.drop_unused(rows[0].made_at + timedelta(days=1)) == 2 * TIMES
        assert acting.world.secrets.read(SECRET)


def test_key_encryption_keys_under_load(acting: Acting, keys: KeyFile) -> None:
    sealed = envelope.seal_text("mfa", "second factor")

    def open_seal(number: int) -> None:
        assert envelope.open_text("mfa", sealed) == "second factor"
        assert envelope.open_text("mfa", envelope.seal_text("mfa", str(number))) == str(number)

    load = secrets_and_evidence(acting)
    with load.going_on(), Load(open_seal).going_on():
        for _ in range(TIMES):
            rotating.rotate_key_encryption(acting, keys)
    rotating.wrap_anew()
    with tenant(acting.tenant_id):
        assert {row.key_id for row in data_keys.rows()} == {keys.held()[0].id}
    assert len(keys.held()) == TIMES + 1


def test_credentials_of_connections_under_load(acting: Acting) -> None:
    named = {"base_url": "https://bank.example", "client_id": "acme"}
    wanted = Wanted(settings=named, secrets={"client_secret": "secret-0"})
    connection_id = connecting.create(acting, "API", "rest_bank", wanted)

    def read(number: int) -> None:
        with tenant(acting.tenant_id):
            found = acting.world.secrets.read(f"connection.{connection_id}.client_secret")
        assert found.startswith("secret-")

    with Load(read, read).going_on():
        for number in range(TIMES):
            again = Wanted(secrets={"client_secret": f"secret-{number}"})
            connecting.change(acting, "API", again, "rotation")


def test_webhook_secrets_under_load(acting: Acting) -> None:
    endpoint_id = acting.world.ids.new()
    with tenant(acting.tenant_id):
        before = webhook_keys.make(acting, endpoint_id)

    def sign(number: int) -> None:
        with tenant(acting.tenant_id):
            assert webhook_keys.signing(acting, endpoint_id)

    with Load(sign, sign).going_on():
        for _ in range(TIMES):
            with tenant(acting.tenant_id):
                made = webhook_keys.make(acting, endpoint_id)
                assert webhook_keys.signing(acting, endpoint_id) == (made, before)
            before = made


def test_signing_keys_under_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two web processes: what either of them signs, both accept, whenever the key changes."""
    files, clock = FileSecrets(tmp_path), SetClock()
    mine = SigningKeys(files, clock)
    first, accepted = mine.now()
    for name, value in (("SIGNING_KEYS", mine), ("SECRET_KEY", first),
                        ("SECRET_KEY_FALLBACKS", accepted)):  # fmt: skip
        monkeypatch.setattr(settings, name, value)
    old = signing.dumps("session")

    def sign_here(number: int) -> None:
        refresh()
        assert signing.loads(signing.dumps(number)) == number

    used = {first}
    with Load(sign_here, sign_here).going_on():
        for _ in range(TIMES):
            mine.rotate()
            elsewhere, _ = SigningKeys(files, clock).now()
            assert elsewhere in used, "a new key is accepted before anybody signs with it"
            clock.advance(minutes=1)
            refresh()
            used.add(settings.SECRET_KEY)
            assert signing.loads(old) == "session"
    assert len(used) == TIMES + 1
    clock.advance(days=8)
    mine.rotate()
    clock.advance(minutes=1)
    refresh()
    with pytest.raises(signing.BadSignature):
        signing.loads(old)


def test_secrets_move_out_of_files_and_their_files_go(acting: Acting, tmp_path: Path) -> None:
    files = FileSecrets(tmp_path / "files")
    with tenant(acting.tenant_id):
        connection_id = parties.connections()[0].id
    name = f"connection.{connection_id}.client_secret"
    files.write(name, "from a file")
    files.write(f"connection.{acting.world.ids.new()}.client_secret", "of another customer")
    files.write("django_secret_key", "of the installation")
    assert rotating.move_files(acting, files) == [name]
    assert rotating.move_files(acting, files) == []
    assert len(files.names()) == 2
    with tenant(acting.tenant_id):
        assert acting.world.secrets.read(name) == "from a file"


def test_evidence_kept_open_is_locked_by_a_command_that_may_be_stopped(acting: Acting) -> None:
    with tenant(acting.tenant_id):
        made = [kept(acting, bytes([number])) for number in range(3)]
        evidence.first_time("payment_run_file", "digest", made[0], acting.world.clock.now())
    with connections["owner"].cursor() as cursor:
        cursor.execute("DELETE FROM evidence_key WHERE tenant_id = %s", [acting.tenant_id])
        cursor.execute(
            "UPDATE evidence SET digest = encode(sha256(%s), 'hex') WHERE id = %s", [b"a", made[0]]
        )
        cursor.execute(
            "UPDATE evidence_chunk SET content = %s WHERE evidence_id = %s", [b"a", made[0]]
        )
        cursor.execute("UPDATE seen SET digest = 'digest' WHERE tenant_id = %s", [acting.tenant_id])
    count, changed = rotating.lock_open_evidence(acting)
    assert count == 1
    assert sorted(changed) == sorted(made[1:]), "their digests were never those of open bytes"
    with tenant(acting.tenant_id):
        assert evidence.read(made[0]) == b"a"
        assert evidence.seen_before("payment_run_file", "digest") == made[0]
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT digest FROM seen WHERE tenant_id = %s", [acting.tenant_id])
        assert not [row for row in cursor.fetchall() if row[0] == "digest"]


def test_a_key_of_the_installation_is_in_every_customers_log(
    acting: Acting, keys: KeyFile, tmp_path: Path
) -> None:
    """By its name, with who did it and why; never the key."""
    other = Company()
    files = FileSecrets(tmp_path / "signing")
    mine = SigningKeys(files, acting.world.clock)
    told = msgspec.structs.replace(acting, reason="the operator left", tenant_id=UUID(int=0))
    wrapping = [keys.held()[0].id]
    signs = [mine.all()[0].name]
    rotating.rotate_key_encryption(told, keys)
    rotating.rotate_signing(told, mine)
    wrapping.append(keys.held()[0].id)
    signs.append(mine.all()[0].name)
    for tenant_id in (acting.tenant_id, other.tenant_id):
        with tenant(tenant_id):
            rows = models.Event.objects.filter(type="customer.installation_key_rotated")
            found = {row.data["what"]: row for row in rows.filter(data__reason="the operator left")}
        assert set(found) == {"key-encryption", "signing"}
        for what, names in (("key-encryption", wrapping), ("signing", signs)):
            assert [found[what].data[side] for side in ("before", "after")] == names
            assert (found[what].actor["kind"], found[what].reason) == ("job", "the operator left")
        whole = repr([row.data for row in found.values()])
        secret = [one.key for one in mine.all()] + [one.line.split()[0] for one in keys.held()]
        assert not [one for one in secret if one in whole]
