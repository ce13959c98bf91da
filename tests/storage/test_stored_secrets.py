"""Secrets of customers in the database: locked, bound to their place, apart from each other."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from django.conf import settings
from django.db import connections

from nostro.domain.errors import Refused
from nostro.ops.clock import SystemClock
from nostro.ops.identifiers import TimeOrderedIds
from nostro.ops.key_encryption import HeldKeys, KeyFile
from nostro.ops.secrets import FileSecrets
from nostro.ops.stored_secrets import StoredSecrets
from nostro.storage import data_keys, models, parties, stored_secrets
from nostro.storage.tenancy import tenant

pytestmark = pytest.mark.usefixtures("database")
LATER = datetime(2100, 1, 1, tzinfo=UTC)
NEW, CLOCK = TimeOrderedIds().new, SystemClock()


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KeyFile:
    kept = KeyFile(tmp_path / "keys")
    monkeypatch.setattr(settings, "KEY_ENCRYPTION", HeldKeys(kept.held))
    return kept


@pytest.fixture
def customers(keys: KeyFile) -> tuple[UUID, UUID]:
    made = (NEW(), NEW())
    partner = parties.create_partner(NEW(), "Partner")
    for one in made:
        parties.create_customer(one, partner, name="Co", code=one.hex[-12:])
    return made


@pytest.fixture
def secrets(tmp_path: Path) -> StoredSecrets:
    return StoredSecrets(FileSecrets(tmp_path / "files"), CLOCK)


def raw() -> list[bytes]:
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT locked FROM stored_secret")
        return [bytes(row[0]) for row in cursor.fetchall()]


def test_a_secret_is_stored_locked_and_read_by_its_customer_only(
    customers: tuple[UUID, UUID], secrets: StoredSecrets
) -> None:
    ours, theirs = customers
    with tenant(ours):
        secrets.write("connection.a.password", "canary-s3cret")
        secrets.write("connection.a.password", "canary-s3cret-2")
        assert secrets.read("connection.a.password") == "canary-s3cret-2"
    assert not any(b"canary" in one for one in raw())
    with tenant(theirs):
        assert not secrets.knows("connection.a.password")
        with pytest.raises(Refused) as refused:
            secrets.read("connection.a.password")
        assert refused.value.code == "secret_unknown"


def test_two_ciphertexts_swapped_are_refused(
    customers: tuple[UUID, UUID], secrets: StoredSecrets
) -> None:
    with tenant(customers[0]):
        secrets.write("connection.a.password", "one")
        secrets.write("connection.b.password", "two")
        a, b = models.StoredSecret.objects.order_by("name")
        models.StoredSecret.objects.filter(id=a.id).update(locked=bytes(b.locked))
        with pytest.raises(Refused) as refused:
            secrets.read("connection.a.password")
        assert refused.value.code == "sealed_for_elsewhere"
        assert secrets.read("connection.b.password") == "two"


def test_a_wrapped_key_moved_to_another_customer_does_not_open(
    customers: tuple[UUID, UUID], secrets: StoredSecrets
) -> None:
    ours, theirs = customers
    with tenant(ours):
        key = data_keys.newest(data_keys.CREDENTIALS)
        row = models.DataKey.objects.get(id=key.id)
    with tenant(theirs):
        models.DataKey.objects.create(
            id=row.id, tenant_id=theirs, purpose=row.purpose, version=1, key_id=row.key_id,
            wrapped=bytes(row.wrapped),
        )  # fmt: skip
        with pytest.raises(Refused) as refused:
            data_keys.newest(data_keys.CREDENTIALS)
        assert refused.value.code == "sealed_for_elsewhere"


def test_files_from_before_are_read_until_they_are_written_anew(
    customers: tuple[UUID, UUID], secrets: StoredSecrets, tmp_path: Path
) -> None:
    FileSecrets(tmp_path / "files").write("connection.a.password", "from a file")
    with tenant(customers[0]):
        assert secrets.known(["connection.a.password", "connection.a.pin"]) == {
            "connection.a.password": "from a file"
        }
        secrets.write("connection.a.password", "stored")
        assert secrets.read("connection.a.password") == "stored"


def test_a_new_data_key_locks_what_is_written_and_old_ones_go_when_unused(
    customers: tuple[UUID, UUID], secrets: StoredSecrets
) -> None:
    with tenant(customers[0]):
        for number in range(5):
            secrets.write(f"connection.{number}.password", str(number))
        old = data_keys.newest(data_keys.CREDENTIALS).id
        new = data_keys.rotate(data_keys.CREDENTIALS)
        assert secrets.read("connection.3.password") == "3"
        assert data_keys.drop_unused(LATER) == 0
        assert [stored_secrets.relock(3), stored_secrets.relock(3)] == [3, 2]
        assert stored_secrets.relock(3) == 0
        assert {row.data_key_id for row in stored_secrets.rows()} == {new}
        assert data_keys.drop_unused(LATER) == 1
        assert old not in {row.id for row in data_keys.rows()}
        assert secrets.read("connection.3.password") == "3"


def test_data_keys_are_wrapped_anew_without_touching_what_they_lock(
    customers: tuple[UUID, UUID], secrets: StoredSecrets, keys: KeyFile
) -> None:
    with tenant(customers[0]):
        secrets.write("connection.a.password", "one")
    before = raw()
    old, new = keys.held()[0].id, keys.add().id
    with tenant(customers[0]):
        assert data_keys.rewrap() == 1
        assert data_keys.rewrap() == 0
        assert {row.key_id for row in data_keys.rows()} == {new}
    keys.drop([old])
    data_keys.forget_unwrapped()
    with tenant(customers[0]):
        assert secrets.read("connection.a.password") == "one"
    assert raw() == before


def test_a_content_is_named_by_the_customers_own_key(customers: tuple[UUID, UUID]) -> None:
    named = []
    for one in customers:
        with tenant(one):
            named += [data_keys.keyed_digest("a"), data_keys.keyed_digest("a")]
    assert named[0] == named[1] != named[2] == named[3]
