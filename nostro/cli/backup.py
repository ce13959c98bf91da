"""Backups on the terminal: made, proven, brought back; and what to do next."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn
from rich.table import Table

from nostro import app
from nostro.cli.output_file import ended_by_request
from nostro.domain.errors import Invalid, Refused
from nostro.ops import backing_up
from nostro.ops.backing_up import Tell
from nostro.ops.backup_file import Manifest
from nostro.ops.database_passwords import DatabasePasswords
from nostro.ops.sealed_stream import BackupKey
from nostro.ops.secrets import FileSecrets
from nostro.storage.database import DATABASE, OWNER
from nostro.storage.postgresql.address import Address


def backup(file: str, key_file: str) -> None:
    """Make a backup; raises Refused without a key: nothing is ever written unencrypted."""
    key = _key(key_file)
    world = app.start()
    chosen = app.configuration()
    password = DatabasePasswords(FileSecrets(chosen.secrets_home)).now()[OWNER]
    address = Address.of(app.database_address(), OWNER, password)
    with ended_by_request(), _shown() as tell:
        made = backing_up.make(
            Path(file), key, address, chosen.secrets_home, world.clock.now(), tell
        )
    _note(made)
    print(f"Backup: {made.path}, {made.size_bytes:,} bytes, read back and whole.")
    _tell_contents(made.manifest)
    print(f"SHA-256 of the file: {made.sha256}")
    if not _brings_its_keys():
        print("Not in it: the key-encryption keys, which stand elsewhere. Save those there.")
    print(f"Key: {key.name}. Keep it where the backup is not; without it nobody opens it again.")
    if not _objects_are_there(made):
        sys.exit(1)


def _objects_are_there(made: backing_up.Made) -> bool:
    """Files in the object store are not in a backup: is what it refers to there?"""
    from nostro.cli.evidence_work import check_backed_up
    from nostro.cli.terminal import actor
    from nostro.workflows.context import Acting

    found = [
        check_backed_up(
            Acting(tenant_id=head.tenant_id, actor=actor(), world=app.world()), head.code
        )
        for head in made.manifest.heads
    ]
    return all(found)


def _note(made: backing_up.Made) -> None:
    """In each customer's log: that all it has was exported, and as of where."""
    from nostro.cli.terminal import actor
    from nostro.storage import events
    from nostro.storage.tenancy import tenant
    from nostro.workflows.context import Acting

    for head in made.manifest.heads:
        acting = Acting(tenant_id=head.tenant_id, actor=actor(), world=app.world())
        with tenant(head.tenant_id):
            told = {"position": head.position, "file": made.path.name, "sha256": made.sha256}
            saved = acting.event("customer.backed_up", "customer", head.tenant_id, **told)
            events.record([saved])


def restore(file: str, key_file: str, *, replace: bool, yes: bool, check: bool) -> None:
    """Prove a backup, and unless only that was asked, bring it back."""
    key, path = _key(key_file), Path(file)
    if not path.is_file():
        raise Invalid("backup_unreadable", f"There is no file {file}.", can_do="Check its name.")
    if check:
        with _shown() as tell, path.open("rb") as source:
            opened = backing_up.verify(
                backing_up.told(source, "read", path.stat().st_size, tell), key
            )
        print(f"The backup {path} is whole.")
        _tell_contents(opened.manifest)
        return
    if replace and not yes:
        _confirm()
    _bring_back(path, key, replace=replace)


def _bring_back(path: Path, key: BackupKey, *, replace: bool) -> None:
    world = app.start()
    from nostro.cli.terminal import actor
    from nostro.workflows import bringing_back

    chosen, embedded = app.configuration(), app.server()
    admin_url = embedded.admin_url() if embedded else chosen.database_admin_url
    if not admin_url:
        raise Refused(
            "restore_needs_administrator",
            "An external database is restored beside the one that is there and then renamed.",
            can_do="Set NOSTRO_DATABASE_ADMIN_URL to a role that may create databases.",
        )
    place = bringing_back.Place(
        admin_url=admin_url,
        url_of=lambda database: app.without_user(admin_url, database),
        home=chosen.home,
        secrets_home=chosen.secrets_home,
        brings_its_keys=_brings_its_keys(),
        database=_database(chosen.database_url),
    )
    with ended_by_request(), _shown() as tell:
        back = bringing_back.bring_back(path, key, place, actor(), world, tell, replace=replace)
    print(f"Restored from {path}: every table and every log is as it was at the backup.")
    _tell_contents(back.manifest)
    stopped = sum(found.connections for found in back.found.values())
    doubted = sum(found.files for found in back.found.values())
    print(
        f"Quarantined: {', '.join(back.found) or 'no customer'};"
        f" {stopped} connections stopped, {doubted} files in doubt."
    )
    if back.kept_as:
        print(f"The database that was there is kept as {back.kept_as}.")
    if back.secrets_kept:
        print(f"The secrets that were there are kept in {back.secrets_kept}.")
    print("Files in an object store are in no backup: `nostro evidence sweep` tells what is there.")
    print(
        "Next: start nostro; look at the page Stops, where each connection says what its bank is"
        " to be asked (docs/operating.md, After a restore)."
    )


def make_key(file: str) -> None:
    """Write a new key; raises Invalid for a file that is there, or that lies in the home."""
    path, home = Path(file).absolute(), app.configuration().home.absolute()
    if path.is_relative_to(home):
        raise Invalid(
            "backup_key_place",
            f"{path} is in {home}, which the key is to bring back.",
            "No key was made.",
            "Name a file elsewhere: a key that is lost with the machine opens nothing.",
        )
    text = BackupKey.new()
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise Invalid(
            "backup_key_place",
            f"{path} cannot be made: {error.strerror}.",
            "No key was made.",
            "Name a new file in a folder that is there.",
        ) from error
    with os.fdopen(handle, "w") as written:
        written.write(f"{text}\n")
    print(f"{path} holds the key {BackupKey(text).name}.")
    print("Keep a copy of it where neither the backups nor this machine are.")


def _key(key_file: str) -> BackupKey:
    chosen = app.configuration()
    named = Path(key_file) if key_file else chosen.backup_key_file
    if named is None and not chosen.backup_key.get_secret_value():
        raise Refused(
            "backup_key_missing",
            "A backup holds everything, secrets too, and is never written or read without a key.",
            can_do="Make one with `nostro keys backup FILE`; then name it with --key-file or"
            " NOSTRO_BACKUP_KEY_FILE.",
        )
    if named is None:
        return BackupKey(chosen.backup_key.get_secret_value())
    from nostro.cli.terminal import content_of

    return BackupKey(content_of("key-file", str(named)))


def _brings_its_keys() -> bool:
    """Whether the key-encryption keys stand among the secrets, and so in a backup."""
    chosen = app.configuration()
    given = chosen.key_encryption_keys.get_secret_value()
    return not given and chosen.key_encryption_file is None


def _database(url: str) -> str:
    return url.partition("?")[0].rpartition("/")[2] if url else DATABASE


def _confirm() -> None:
    if not sys.stdin.isatty():
        raise Refused(
            "restore_not_confirmed",
            "The database that is there was to be replaced, and nobody is here to confirm it.",
            can_do="Give --yes as well.",
        )
    if input("Type replace to put the backup in place of the database: ").strip() != "replace":
        raise Refused("restore_not_confirmed", "It was not confirmed.")


def _tell_contents(manifest: Manifest) -> None:
    rows = sum(manifest.rows.values())
    secret = sum(member.name.startswith("secrets/") for member in manifest.members)
    print(
        f"Made {manifest.made_at:%Y-%m-%d %H:%M:%S} UTC by version {manifest.version}:"
        f" {len(manifest.rows)} tables, {rows:,} rows, {secret} secrets, PostgreSQL"
        f" {manifest.server}."
    )
    table = Table("customer", "log sealed up to", "hash")
    for head in manifest.heads:
        table.add_row(head.code, str(head.position), head.hash[:16])
    Console().print(table)


@contextmanager
def _shown() -> Iterator[Tell]:
    """How far it is: a bar for a person, one line for each step elsewhere."""
    if not sys.stderr.isatty():
        begun: set[str] = set()

        def say(what: str, done: int, whole: int) -> None:
            if what not in begun:
                begun.add(what)
                print(f"{what} ...", file=sys.stderr)

        yield say
        return
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, TransferSpeedColumn(), console=Console(stderr=True)) as shown:
        tasks: dict[str, object] = {}

        def move(what: str, done: int, whole: int) -> None:
            if what not in tasks:
                tasks[what] = shown.add_task(what, total=whole or None)
            shown.update(tasks[what], completed=done)  # type: ignore[arg-type]  # its own ids

        yield move
