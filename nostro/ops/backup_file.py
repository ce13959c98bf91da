"""What is in the file of a backup: the secrets, the database's dump, and last the manifest.

Each member: 4 bytes length and its name; then pieces, each with its length in 4 bytes, until one
of length 0. All numbers big-endian. The whole goes through a sealed stream.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import BinaryIO, Protocol

import msgspec

from nostro.domain.errors import Invalid
from nostro.storage.postgresql.contents import SealedHead

DUMP = "database.dump"
MANIFEST = "manifest.json"
SECRETS = "secrets/"
_LENGTH_BYTES = 4
_NAME_BYTES_MAX = 300
_PIECE_BYTES_MAX = 64 << 20


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One member: its name, size in bytes and SHA-256 in hex."""

    name: str
    size_bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup holds, so that a restore can be held against it.

    `rows` counts each table in the snapshot that was dumped; `heads` are where each customer's
    sealed log ended in it; `programs` and `server` are PostgreSQL releases.
    """

    version: str
    made_at: datetime
    server: str
    programs: str
    migrations: tuple[str, ...]
    rows: dict[str, int]
    heads: tuple[SealedHead, ...]
    members: tuple[Member, ...]


class Sink(Protocol):
    def write(self, content: bytes, /) -> object: ...


def write_member(sink: Sink, name: str, pieces: Iterable[bytes]) -> Member:
    """Write one member; returns what the manifest says of it."""
    size, digest = 0, hashlib.sha256()
    sink.write(_lengthy(name.encode()))
    for piece in pieces:
        if piece:
            sink.write(_lengthy(piece))
            size += len(piece)
            digest.update(piece)
    sink.write(bytes(_LENGTH_BYTES))
    return Member(name=name, size_bytes=size, sha256=digest.hexdigest())


def members(source: BinaryIO) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Each member's name and pieces, in the order of the file; unread pieces are passed over."""
    while (length := source.read(_LENGTH_BYTES)) != b"":
        name = _exactly(source, _number(length, _NAME_BYTES_MAX)).decode()
        pieces = _pieces(source)
        yield name, pieces
        for _ in pieces:
            pass


def _pieces(source: BinaryIO) -> Iterator[bytes]:
    while length := _number(_exactly(source, _LENGTH_BYTES), _PIECE_BYTES_MAX):
        yield _exactly(source, length)


def _lengthy(content: bytes) -> bytes:
    return len(content).to_bytes(_LENGTH_BYTES, "big") + content


def _number(length: bytes, most: int) -> int:
    number = int.from_bytes(length, "big")
    if len(length) != _LENGTH_BYTES or number > most:
        raise _unlike()
    return number


def _exactly(source: BinaryIO, count: int) -> bytes:
    found = source.read(count)
    if len(found) != count:
        raise _unlike()
    return found


def _unlike() -> Invalid:
    return Invalid(
        "backup_unlike",
        "The backup was opened, but it is not laid out as this version knows it.",
        "Nothing of it was used.",
        "Restore it with the version of nostro that wrote it, or a newer one.",
    )
