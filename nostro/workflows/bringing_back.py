"""A backup is brought back: proven, restored beside, compared, quarantined, then put in place.

1. The file is read from end to end; nothing was touched yet.
2. The dump is restored into a database of another name, and held against the manifest: rows of
   every table, the end of each customer's log. Each log is verified from its first event.
3. Migrations that are newer than the backup run; every customer is quarantined.
4. Secrets and database take their places; what was there is kept under another name.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

import msgspec
import psycopg

from nostro.domain.errors import Refused
from nostro.domain.event import Actor
from nostro.ops import backing_up, high_water, key_encryption, sealing
from nostro.ops.backing_up import Opened, Tell
from nostro.ops.backup_file import Manifest
from nostro.ops.database_passwords import DatabasePasswords
from nostro.ops.key_encryption import HeldKeys, KeyFile
from nostro.ops.sealed_stream import BackupKey
from nostro.ops.secrets import FileSecrets
from nostro.ports import KeyEncryption
from nostro.storage import data_keys, key_ring, parties, replacing, schema
from nostro.storage.database import DATABASE, OWNER, ROLES
from nostro.storage.postgresql import contents, dumping
from nostro.storage.postgresql.address import Address
from nostro.storage.tenancy import tenant
from nostro.workflows import restoring
from nostro.workflows.context import Acting, World

OF_THE_SERVER = "database_"  # Secrets of the roles: they belong to a server, not to its data.


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a backup goes: the server as its administrator, its address without user and with a
    database's name to fill in, the home folder and its secrets. `brings_its_keys` is False where
    the key-encryption keys do not stand among the secrets, and so not in a backup."""

    admin_url: str
    url_of: Callable[[str], str]
    home: Path
    secrets_home: Path
    brings_its_keys: bool
    database: str = DATABASE


class Back(msgspec.Struct, frozen=True, kw_only=True):
    """What was brought back. `found` is what each customer's quarantine found, by its code;
    `kept_as` the database that was there, "" when there was none; `secrets_kept` the folder of the
    secrets that were there, None likewise."""

    manifest: Manifest
    found: Mapping[str, restoring.Quarantined]
    kept_as: str
    secrets_kept: Path | None


def bring_back(
    path: Path, key: BackupKey, place: Place, actor: Actor, world: World, tell: Tell, *,
    replace: bool,
) -> Back:  # fmt: skip
    """Restore a backup; when this returns nothing leaves until the banks were asked.

    Raises Invalid for a file that is not whole, Refused for another key, a newer version's backup,
    a database that is not empty (without `replace`) or in use, and for one that does not come out
    as it was; then everything is as before.
    """
    replacing.check_place(place.admin_url, place.database, replace=replace)
    opened = _proven(path, key, tell)
    _check_version(opened.manifest)
    now = world.clock.now()
    passwords = _passwords(place, opened)
    with (
        replacing.beside(place.admin_url, passwords) as beside,
        _Staged(place.secrets_home, {**opened.secrets, **_words(passwords)}, now) as staged,
    ):
        _restore(path, key, Address.of(place.url_of(beside), OWNER, passwords[OWNER]), opened, tell)
        replacing.work_on(place.url_of(beside), passwords)
        with key_ring.using(_keys(place, staged.folder)):
            _check_logs(opened.manifest)
            schema.bring_up_to_date(now)
            _check_keys()
            done = _quarantine(world, actor, path, opened.manifest)
        replacing.work_on(place.url_of(place.database), passwords)
        secrets_kept = staged.put_in_place()
        kept_as = replacing.replace(place.admin_url, beside, now, place.database)
        staged.keep()
    for customer in parties.customers():
        high_water.note(place.home, customer.id)
    return Back(manifest=opened.manifest, found=done, kept_as=kept_as, secrets_kept=secrets_kept)


def _proven(path: Path, key: BackupKey, tell: Tell) -> Opened:
    size = path.stat().st_size
    with path.open("rb") as file:
        return backing_up.verify(backing_up.told(file, "read the backup", size, tell), key)


def _check_version(manifest: Manifest) -> None:
    """Raises Refused for a backup of a newer version: its tables are not known here."""
    unknown = sorted(set(manifest.migrations) - {f"{app}.{name}" for app, name in schema.shipped()})
    if unknown:
        raise Refused(
            "backup_of_newer_version",
            f"The backup was made by version {manifest.version}, which knows changes of the"
            f" database that this one does not ({', '.join(unknown[:3])}).",
            can_do="Restore it with that version or a newer one.",
        )


def _passwords(place: Place, opened: Opened) -> dict[str, str]:
    """This server's own passwords of the roles; on a new machine those of the backup."""
    here = FileSecrets(place.secrets_home)
    own = DatabasePasswords(here)
    return {
        role: own.of(role)[0]
        if here.knows(name := f"{OF_THE_SERVER}{role}")
        # Cut off amid a change a backup may hold several; the server is told which one it is.
        else (opened.secrets.get(name, b"").decode().split() or [secrets.token_urlsafe(32)])[0]
        for role in ROLES
    }


def _words(passwords: Mapping[str, str]) -> dict[str, bytes]:
    return {f"{OF_THE_SERVER}{role}": word.encode() for role, word in passwords.items()}


def _restore(path: Path, key: BackupKey, address: Address, opened: Opened, tell: Tell) -> None:
    manifest = opened.manifest
    with psycopg.connect(address.conninfo()) as connection:
        server = connection.info.server_version // 10000
    made_by = int(manifest.programs.partition(".")[0])
    restorer = dumping.program("pg_restore", max(server, made_by))
    size = path.stat().st_size
    with path.open("rb") as file:
        source = backing_up.told(file, "restore", size, tell)
        dumping.restore(restorer, address, backing_up.dump_in(source, key))
    with psycopg.connect(address.conninfo()) as connection:
        rows, heads = contents.counted(connection), contents.sealed_heads(connection)
    wrong = sorted(t for t in {*rows, *manifest.rows} if rows.get(t) != manifest.rows.get(t))
    if wrong or heads != manifest.heads:
        raise _unlike(f"tables that differ: {', '.join(wrong)}" if wrong else "its logs differ")


def _check_logs(manifest: Manifest) -> None:
    """Every log from its first event to the end that the manifest names."""
    ends = {head.tenant_id: head for head in manifest.heads}
    for customer in parties.customers():
        found = sealing.verify(customer.id)
        if not found.whole:
            raise _unlike(f"the log of {customer.code} breaks at {found.broken_at}: {found.why}")
        if ends[customer.id].position and found.head != ends[customer.id].hash:
            raise _unlike(f"the log of {customer.code} ends otherwise than the manifest says")


def _keys(place: Place, staged: Path) -> KeyEncryption:
    """The key-encryption keys that the restored database is to be opened with."""
    if place.brings_its_keys:
        return HeldKeys(KeyFile(staged / key_encryption.FILE).held)
    return key_ring.key_encryption()


def _check_keys() -> None:
    """Raises Refused when what is stored locked could not be opened any more."""
    data_keys.forget_unwrapped()  # What this process opened before proves nothing about a backup.
    for customer in parties.customers():
        with tenant(customer.id):
            for row in data_keys.rows():
                data_keys.named(row.id)


def _unlike(what: str) -> Refused:
    return Refused(
        "restored_otherwise",
        f"What came out of the backup is not what went in: {what}.",
        "The database that was there was left as it was.",
        "Take an older backup, and look at `nostro audit verify` of the database it was made of.",
    )


def _quarantine(
    world: World, actor: Actor, path: Path, manifest: Manifest
) -> Mapping[str, restoring.Quarantined]:
    reason = f"restored from {path.name}, the backup of {manifest.made_at:%Y-%m-%d %H:%M} UTC"
    return {
        customer.code: restoring.quarantine(
            Acting(tenant_id=customer.id, actor=actor, world=world), reason
        )
        for customer in parties.customers()
    }


class _Staged:
    """The secrets of a backup beside those that are there, until they are put in their place."""

    def __init__(self, home: Path, contents: Mapping[str, bytes], now: datetime) -> None:
        self._home = home
        self._kept = home.with_name(f"{home.name}.before-{now:%Y%m%d-%H%M%S}")
        self._contents = contents
        self._undo = False
        self.folder = home.with_name(f"{home.name}.restoring-{secrets.token_hex(4)}")

    def __enter__(self) -> _Staged:
        self.folder.mkdir(mode=0o700, parents=True)
        for name, content in self._contents.items():
            path = self.folder / name
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(content)
        return self

    def put_in_place(self) -> Path | None:
        """Take the place of the secrets that were there; returns where those are kept."""
        was_there = self._home.is_dir()
        if was_there:
            self._home.rename(self._kept)
        self.folder.rename(self._home)
        self._undo = True
        return self._kept if was_there else None

    def keep(self) -> None:
        """From now on they stay."""
        self._undo = False

    def __exit__(self, *_: object) -> None:
        if self._undo:
            self._home.rename(self.folder)
            if self._kept.is_dir():
                self._kept.rename(self._home)
        shutil.rmtree(self.folder, ignore_errors=True)
