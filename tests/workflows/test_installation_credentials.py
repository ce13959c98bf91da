"""What the installation hangs on is listed with its age and what renews it, and never told."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from nostro.domain.credential import INSTALLATION, CredentialKind, CredentialState
from nostro.ops import checkpoints
from nostro.ops.configuration import Configuration
from nostro.ops.database_passwords import DatabasePasswords, name_of
from nostro.ops.key_encryption import FILE, KeyFile
from nostro.ops.secrets import FileSecrets
from nostro.ops.signing_keys import NAME, SigningKeys
from nostro.storage.database import APP, ROLES
from nostro.workflows import installation_credentials
from tests.workflows.company import SetClock

MADE = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
NOW = MADE + timedelta(days=100)


@pytest.fixture
def chosen(tmp_path: Path) -> Configuration:
    """An installation of 1 March, whose key of backups lies elsewhere."""
    chosen = Configuration(home=tmp_path, backup_key_file=tmp_path / "stick" / "backup.key")
    files = FileSecrets(chosen.secrets_home)
    DatabasePasswords(files).now()
    SigningKeys(files, SetClock(MADE)).all()
    checkpoints.current_key(files)
    KeyFile(chosen.secrets_home / FILE, SetClock(MADE)).held()
    files.write("evidence_s3_secret_access_key", "canary-of-the-bucket")
    for path in chosen.secrets_home.iterdir():
        os.utime(path, (MADE.timestamp(), MADE.timestamp()))
    return chosen


def test_each_is_there_with_its_age_and_what_renews_it(chosen: Configuration) -> None:
    found = installation_credentials.inventory(chosen, NOW)
    assert {one.owner for one in found} == {INSTALLATION}
    assert [one.name for one in found if one.kind is CredentialKind.DATABASE_PASSWORD] == [
        f"Password of {role}" for role in sorted(ROLES)
    ]
    ages = {one.kind: one.age_days for one in found}
    assert ages.pop(CredentialKind.BACKUP_KEY) is None
    assert set(ages.values()) == {100}
    assert {one.word for one in ages} == {
        "key-encryption key", "audit key", "session key", "database password", "object store key",
    }  # fmt: skip
    assert all(one.kind.renewed_by for one in found)
    assert {one.expires_at for one in found} == {None}


def test_what_was_not_renewed_for_a_year_stands_first_until_it_is(chosen: Configuration) -> None:
    later = MADE + timedelta(days=366)
    files = FileSecrets(chosen.secrets_home)
    DatabasePasswords(files).change(APP, lambda password: None)
    path = chosen.secrets_home / name_of(APP)
    os.utime(path, (later.timestamp(), later.timestamp()))
    found = {one.natural_key: one for one in installation_credentials.inventory(chosen, later)}
    assert found.pop(name_of(APP)).state is CredentialState.FINE
    assert found.pop("backup").state is CredentialState.FINE
    assert {one.state for one in found.values()} == {CredentialState.OLD}


def test_the_key_of_backups_has_the_age_of_the_file_that_is_named(chosen: Configuration) -> None:
    path = chosen.backup_key_file
    assert path is not None
    path.parent.mkdir()
    path.write_text("canary-of-backups")
    os.utime(path, (MADE.timestamp(), MADE.timestamp()))
    found = {one.natural_key: one for one in installation_credentials.inventory(chosen, NOW)}
    assert found["backup"].age_days == 100


def test_what_the_environment_gives_is_there_without_an_age(tmp_path: Path) -> None:
    key = "A" * 43 + "="
    chosen = Configuration(home=tmp_path, key_encryption_keys=key)
    found = installation_credentials.inventory(chosen, NOW)
    assert [(one.natural_key, one.since) for one in found] == [
        ("backup", None),
        ("key_encryption", None),
    ]
    assert key not in repr(found)


def test_none_of_them_is_told(chosen: Configuration) -> None:
    told = repr(installation_credentials.inventory(chosen, NOW))
    kept = [path for path in chosen.secrets_home.iterdir() if path.name != checkpoints.KEY]
    assert NAME in {path.name for path in kept}
    secrets = [path.read_text().split()[0] for path in kept if path.read_text()]
    assert len(secrets) >= 7
    assert not [secret[:4] for secret in secrets if secret in told]
