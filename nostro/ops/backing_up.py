"""A backup made and proven: one snapshot of the database and the secrets, encrypted, read back.

What a backup holds is decided by one moment: the dump, the counts and the ends of the logs in the
manifest are of the same snapshot. The file has its name only when it was read back whole.
"""

from __future__ import annotations

import hashlib
import io
import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import msgspec

from nostro import __version__
from nostro.domain.errors import Invalid
from nostro.ops.backup_file import (
    DUMP,
    MANIFEST,
    SECRETS,
    Manifest,
    Member,
    members,
    write_member,
)
from nostro.ops.sealed_stream import BackupKey, OpenedStream, SealingStream
from nostro.storage.postgresql import contents, dumping
from nostro.storage.postgresql.address import Address

READ_BYTES = 1 << 20
Tell = Callable[[str, int, int], None]
"""Told what is under way, how many bytes of it are done, and of about how many (0: unknown)."""


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """A backup that was written: where, what it holds, its size, and its own SHA-256 in hex."""

    path: Path
    manifest: Manifest
    size_bytes: int
    sha256: str


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """A backup that was read from end to end: what it says, and the secrets by their names."""

    manifest: Manifest
    secrets: dict[str, bytes]


def make(
    path: Path, key: BackupKey, address: Address, secrets_home: Path, now: datetime, tell: Tell
) -> Made:
    """Write a backup to a file that is not there yet. An interrupted one leaves nothing.

    Raises Invalid when the file is there or cannot be made, Unavailable when pg_dump fails.
    """
    part = path.with_name(f"{path.name}.{secrets.token_hex(8)}.part")
    try:
        with _created(path, part) as file:
            manifest = _write(file, key, address, secrets_home, now, tell)
            file.flush()
            os.fsync(file.fileno())
        size = part.stat().st_size
        with part.open("rb") as written:
            verify(told(written, "read back", size, tell), key)
        digest = _digest(part)
        _must_be_free(path)
        part.rename(path)
    finally:
        part.unlink(missing_ok=True)
    return Made(path=path, manifest=manifest, size_bytes=size, sha256=digest)


def _write(
    file: BinaryIO, key: BackupKey, address: Address, secrets_home: Path, now: datetime, tell: Tell
) -> Manifest:
    sealed = SealingStream(file, key)
    with contents.held(address) as held:
        dumper = dumping.program("pg_dump", int(held.server.partition(".")[0]))
        written: list[Member] = []
        for path in sorted(secrets_home.rglob("*")):
            if path.is_file():
                name = f"{SECRETS}{path.relative_to(secrets_home)}"
                written.append(write_member(sealed, name, [path.read_bytes()]))
        dump = dumping.dump(dumper, address, held.snapshot)
        pieces = _counted(dump, "database", held.size_bytes, tell)
        written.append(write_member(sealed, DUMP, pieces))
    manifest = Manifest(
        version=__version__,
        made_at=now,
        server=held.server,
        programs=dumping.release_of(dumper),
        migrations=held.migrations,
        rows=held.rows,
        heads=held.heads,
        members=tuple(written),
    )
    write_member(sealed, MANIFEST, [msgspec.json.encode(manifest)])
    sealed.close()
    return manifest


def verify(source: BinaryIO, key: BackupKey, *, dump_too: bool = True) -> Opened:
    """Read a backup from end to end and hold each member against the manifest.

    `dump_too` has pg_restore read the dump, as a restore would. Raises Invalid when anything is not
    as it was written, Refused for another key.
    """
    found: list[Member] = []
    kept: dict[str, bytes] = {}
    manifest: Manifest | None = None
    stream = io.BufferedReader(OpenedStream(source, key), READ_BYTES)
    for name, pieces in members(stream):
        if name == MANIFEST:
            manifest = msgspec.json.decode(b"".join(pieces), type=Manifest)
        elif name == DUMP:
            found.append(_looked_through(pieces, dump_too=dump_too))
        else:
            content = b"".join(pieces)
            found.append(_member(name, [content]))
            kept[name.removeprefix(SECRETS)] = content
    if manifest is None or tuple(found) != manifest.members:
        raise Invalid(
            "backup_incomplete",
            "The backup does not hold what its own manifest says.",
            "Nothing of it was used.",
            "Take an older backup, and tell who looks after this installation.",
        )
    return Opened(manifest=manifest, secrets=kept)


def dump_in(source: BinaryIO, key: BackupKey) -> Iterator[bytes]:
    """The database's dump out of a backup, piece by piece."""
    stream = io.BufferedReader(OpenedStream(source, key), READ_BYTES)
    for name, pieces in members(stream):
        if name == DUMP:
            yield from pieces


def _looked_through(pieces: Iterator[bytes], *, dump_too: bool) -> Member:
    digest, size = hashlib.sha256(), 0

    def seen() -> Iterator[bytes]:
        nonlocal size
        for piece in pieces:
            size += len(piece)
            digest.update(piece)
            yield piece

    passing = seen()
    if dump_too:
        dumping.check(dumping.newest("pg_restore"), passing)
    for _ in passing:  # What pg_restore did not need to read.
        pass
    return Member(name=DUMP, size_bytes=size, sha256=digest.hexdigest())


def _member(name: str, pieces: Iterable[bytes]) -> Member:
    return write_member(io.BytesIO(), name, pieces)


def _counted(pieces: Iterator[bytes], what: str, whole: int, tell: Tell) -> Iterator[bytes]:
    done = 0
    for piece in pieces:
        done += len(piece)
        tell(what, done, whole)
        yield piece


class _Told(io.RawIOBase):
    """A file whose reader is heard of."""

    def __init__(self, below: BinaryIO, tell: Callable[[int], None]) -> None:
        self._below, self._tell, self._done = below, tell, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        count = self._below.readinto(buffer)  # type: ignore[attr-defined]  # files have it
        self._done += count
        self._tell(self._done)
        return int(count)


def told(below: BinaryIO, what: str, whole: int, tell: Tell) -> BinaryIO:
    """A file of so many bytes whose reading is told of."""
    raw = _Told(below, lambda done: tell(what, done, whole))
    return io.BufferedReader(raw, READ_BYTES)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _created(path: Path, part: Path) -> BinaryIO:
    _must_be_free(path)
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        return os.fdopen(os.open(part, flags, 0o600), "wb")
    except FileNotFoundError as error:
        raise Invalid(
            "backup_place_unusable",
            f"There is no folder {path.parent}.",
            "No backup was made.",
            "Name a file in a folder that is there.",
        ) from error


def _must_be_free(path: Path) -> None:
    if path.exists():
        raise Invalid(
            "backup_there_already",
            f"{path} is there already.",
            "It was left as it is; no backup was made.",
            "Name a new file: a backup never replaces another one.",
        )
