"""A stream that nobody without the key can read, change, cut or reorder unseen: backups are one.

STREAM (Hoang, Reyhanitabar, Rogaway, Vizár, "Online Authenticated-Encryption and its Nonce-Reuse
Misuse-Resistance", 2015), as age uses it: chunks of 1 MiB under AES-256-GCM; the nonce counts the
chunks and its last byte marks the last one. The key of a file is derived (HKDF-SHA256, RFC 5869)
from ours and 32 random bytes, so no nonce is used twice under one key.
"""

from __future__ import annotations

import base64
import binascii
import io
import secrets
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from nostro.domain.errors import Invalid, Refused

MAGIC = b"NOSTRO-BACKUP-1\n"
NAME_BYTES, SALT_BYTES, TAG_BYTES = 8, 32, 16
CHUNK_BYTES = 1 << 20
_KEY_BYTES = 32


class BackupKey:
    """The 32 bytes that a backup is encrypted with; `name` tells which, and nothing about them."""

    def __init__(self, text: str) -> None:
        """`text` is 32 bytes in base64 (URL letters). Raises Invalid for anything else."""
        try:
            self._bytes = base64.urlsafe_b64decode(text.strip().encode("ascii"))
        except (binascii.Error, UnicodeError):
            self._bytes = b""
        if len(self._bytes) != _KEY_BYTES:
            raise Invalid(
                "backup_key_invalid",
                f"This is no key of a backup: it takes {_KEY_BYTES} bytes in base64.",
                can_do="Make one with `nostro keys backup FILE`, or name the file that holds it.",
            )

    @staticmethod
    def new() -> str:
        """The text of a new key."""
        return base64.urlsafe_b64encode(secrets.token_bytes(_KEY_BYTES)).decode()

    @property
    def name(self) -> str:
        return self.derived(b"", b"nostro backup key name")[:NAME_BYTES].hex()

    def derived(self, salt: bytes, purpose: bytes) -> bytes:
        return HKDF(SHA256(), length=_KEY_BYTES, salt=salt, info=purpose).derive(self._bytes)


def _cipher(key: BackupKey, head: bytes) -> AESGCM:
    return AESGCM(key.derived(head[-SALT_BYTES:], b"nostro backup content"))


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + (b"\1" if last else b"\0")


class SealingStream:
    """Write to it; `close` writes the last chunk. What is not closed is refused when read."""

    def __init__(self, below: BinaryIO, key: BackupKey) -> None:
        self._below = below
        self._head = MAGIC + bytes.fromhex(key.name) + secrets.token_bytes(SALT_BYTES)
        self._cipher = _cipher(key, self._head)
        self._number = 0
        self._waiting = bytearray()
        below.write(self._head)

    def write(self, content: bytes) -> None:
        self._waiting += content
        while len(self._waiting) > CHUNK_BYTES:  # The last one must not go before `close`.
            self._seal(bytes(self._waiting[:CHUNK_BYTES]), last=False)
            del self._waiting[:CHUNK_BYTES]

    def close(self) -> None:
        self._seal(bytes(self._waiting), last=True)

    def _seal(self, chunk: bytes, *, last: bool) -> None:
        nonce = _nonce(self._number, last=last)
        self._below.write(self._cipher.encrypt(nonce, chunk, self._head))
        self._number += 1


class OpenedStream(io.RawIOBase):
    """Read what a `SealingStream` wrote; raises Refused for another key, Invalid for a file that
    is no backup, was changed, or ends too early. Gives no byte that was not checked."""

    def __init__(self, below: BinaryIO, key: BackupKey) -> None:
        self._below = below
        self._head = below.read(len(MAGIC) + NAME_BYTES + SALT_BYTES)
        self._check_head(key)
        self._cipher = _cipher(key, self._head)
        self._number = 0
        self._ahead = self._fetch()
        self._open = memoryview(b"")
        self._ended = False

    def _check_head(self, key: BackupKey) -> None:
        if not self._head.startswith(MAGIC):
            raise Invalid(
                "backup_unreadable",
                "This file is no backup of nostro's, or its beginning is gone.",
                can_do="Name the file that `nostro backup` wrote.",
            )
        made_with = self._head[len(MAGIC) : len(MAGIC) + NAME_BYTES].hex()
        if made_with != key.name:
            raise Refused(
                "backup_key_wrong",
                f"The backup was made with the key {made_with}, and this is {key.name}.",
                can_do="Give the key that it was made with; `nostro keys backup` tells the name"
                " of each key when it makes it.",
            )

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._open and not self._ended:
            self._open = memoryview(self._next())
        count = min(len(buffer), len(self._open))
        buffer[:count] = self._open[:count]
        self._open = self._open[count:]
        return count

    def _next(self) -> bytes:
        sealed, self._ahead = self._ahead, self._fetch()
        self._ended = not self._ahead
        try:
            nonce = _nonce(self._number, last=self._ended)
            chunk = self._cipher.decrypt(nonce, sealed, self._head)
        except InvalidTag:
            raise Invalid(
                "backup_damaged",
                f"Part {self._number + 1} of the backup is not as it was written, or what should"
                " follow it is gone.",
                "Nothing of it was used.",
                "Take another copy of it, or an older backup.",
            ) from None
        self._number += 1
        return chunk

    def _fetch(self) -> bytes:
        return self._below.read(CHUNK_BYTES + TAG_BYTES)
