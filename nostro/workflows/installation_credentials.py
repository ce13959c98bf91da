"""What the installation itself hangs on: keys and passwords that are no customer's, and their age.

For whoever operates it, at the terminal; no page of a customer shows them. Only when they were
renewed is looked at, never what they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from nostro.domain.credential import (
    INSTALLATION,
    Credential,
    CredentialKind,
    judged,
    most_urgent_first,
)
from nostro.ops import checkpoints, key_encryption, object_stores, signing_keys
from nostro.ops.configuration import Configuration
from nostro.ops.database_passwords import name_of
from nostro.ops.secrets import FileSecrets
from nostro.storage.database import ROLES


def inventory(chosen: Configuration, now: datetime) -> list[Credential]:
    """Everything that the installation hangs on, what needs somebody first."""
    files = FileSecrets(chosen.secrets_home)
    found = [
        judged(now, natural_key=name, name=told, kind=kind, owner=INSTALLATION, since=since)
        for kind, name, told, since in [
            _key_encryption(chosen),
            *_in_files(files),
            _backups(chosen),
        ]
    ]
    return most_urgent_first(found)


Found = tuple[CredentialKind, str, str, datetime | None]
"""Its kind, the name that stays, what a person reads, and since when it is."""


def _key_encryption(chosen: Configuration) -> Found:
    """The one that wraps now. Nobody wrote down since when the environment gives one."""
    kind, name = CredentialKind.KEY_ENCRYPTION_KEY, "key_encryption"
    if chosen.key_encryption_keys.get_secret_value():
        return kind, name, "Key that wraps all others, in the environment", None
    newest = key_encryption.key_file(chosen).held()[0]
    return kind, name, f"Key that wraps all others, {newest.id}", newest.made_at


def _in_files(files: FileSecrets) -> Iterator[Found]:
    """Those that lie in files of their own; one that was never needed is not there yet."""
    if files.knows(checkpoints.KEY):
        told = f"Key that signs the audit chain, {checkpoints.current_key(files)}"
        yield CredentialKind.AUDIT_KEY, checkpoints.KEY, told, files.written_at(checkpoints.KEY)
    told_of = {signing_keys.NAME: (CredentialKind.SESSION_KEY, "Key that signs sessions and forms")}
    for role in ROLES:
        told_of[name_of(role)] = CredentialKind.DATABASE_PASSWORD, f"Password of {role}"
    for store in (object_stores.CHECKPOINTS, object_stores.EVIDENCE):
        name = object_stores.secret_key_of(store)
        told_of[name] = CredentialKind.OBJECT_STORE_KEY, f"Key of the bucket {store}"
    for name, (kind, told) in told_of.items():
        if files.knows(name):
            yield kind, name, told, files.written_at(name)


def _backups(chosen: Configuration) -> Found:
    """It is kept elsewhere, as it must: what is known of it is the age of its file, if that is
    named and there."""
    path = chosen.backup_key_file
    return CredentialKind.BACKUP_KEY, "backup", "Key of backups, kept elsewhere", _written_at(path)


def _written_at(path: Path | None) -> datetime | None:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC) if path else None
    except OSError:
        return None  # On a stick in a safe, say.
