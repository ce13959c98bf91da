"""An evidence pack as a file: members one after the other, then what they are, then the signature.

A ZIP (APPNOTE 6.3) whose bytes depend on nothing but its content. The last two members are
`manifest.json`, which names every other one with its SHA-256, and `signature.json`, Ed25519 over
PACK_PREFIX and the manifest's bytes. Nothing is held in memory but the list of members.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from typing import Any, BinaryIO, Protocol

import msgspec

from nostro.domain.audit_statement import PACK_PREFIX
from nostro.ops import checkpoints
from nostro.ops.secrets import FileSecrets

_EPOCH = (1980, 1, 1, 0, 0, 0)
_READABLE = 0o644 << 16
JSON, JSON_LINES = "application/json", "application/jsonl"


class Sink(Protocol):
    def write(self, data: bytes, /) -> object: ...


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One member as the manifest names it."""

    name: str
    what: str
    media_type: str
    bytes: int
    sha256: str


class _Counted:
    """Passes bytes on, and knows how many they were and their digest."""

    def __init__(self, file: Sink) -> None:
        self._file = file
        self.bytes = 0
        self.digest = sha256()

    def write(self, data: bytes, /) -> None:
        self.bytes += len(data)
        self.digest.update(data)
        self._file.write(data)


class PackFile:
    """Writes a pack member by member, inside `with`."""

    def __init__(self, out: BinaryIO) -> None:
        self._archive = zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED)
        self.members: list[Member] = []

    def __enter__(self) -> PackFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._archive.close()

    @contextmanager
    def member(self, name: str, what: str, media_type: str) -> Iterator[Sink]:
        """Write one member; it counts when the block ends."""
        with self._archive.open(_info(name), "w", force_zip64=True) as file:
            counted = _Counted(file)
            yield counted
        self.members.append(
            Member(
                name=name,
                what=what,
                media_type=media_type,
                bytes=counted.bytes,
                sha256=counted.digest.hexdigest(),
            )
        )

    def sign(self, told: Mapping[str, Any], secrets: FileSecrets) -> str:
        """Write manifest and signature, the last members; returns the manifest's SHA-256."""
        whole = msgspec.json.encode({**told, "members": self.members}, order="deterministic")
        manifest = msgspec.json.format(whole, indent=1) + b"\n"
        key, signature = checkpoints.sign_text(PACK_PREFIX + manifest, secrets)
        self._archive.writestr(_info("manifest.json"), manifest)
        said = msgspec.json.encode({"key": key, "signature": signature}) + b"\n"
        self._archive.writestr(_info("signature.json"), said)
        return sha256(manifest).hexdigest()


def _info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _EPOCH)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = _READABLE
    return info
