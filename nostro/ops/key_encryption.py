"""The key-encryption keys of an installation: from a file of its own user, or the environment.

Every stored secret, and every file received or sent, is encrypted with keys that are kept in the
database only under the newest of these. Old ones stay until nothing is wrapped under them any more.
"""

from __future__ import annotations

import base64
import binascii
import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from nostro.domain.errors import Invalid, Refused
from nostro.ops.clock import SystemClock
from nostro.ops.configuration import Configuration
from nostro.ports import Clock, KeyEncryption, WrappedKey
from nostro.storage import ciphertext

FILE = "key_encryption_keys"


class HeldKey(msgspec.Struct, frozen=True, kw_only=True):
    """One key-encryption key; `made_at` is unknown for one that the environment gave."""

    key: bytes
    made_at: datetime | None = None

    def __repr__(self) -> str:
        return f"HeldKey({self.id})"

    @property
    def id(self) -> str:
        return ciphertext.key_id(self.key)

    @property
    def line(self) -> str:
        made = self.made_at.isoformat() if self.made_at else ""
        return f"{base64.b64encode(self.key).decode()} {made}".rstrip()


class HeldKeys:
    """The port KeyEncryption over keys that this process may hold itself, the newest first."""

    def __init__(self, held: Callable[[], Sequence[HeldKey]]) -> None:
        self._held = held

    def newest(self) -> str:
        return self._held()[0].id

    def kept(self) -> Sequence[HeldKey]:
        """All of them, the newest first."""
        return self._held()

    def wrap(self, key: bytes, bound_to: bytes) -> WrappedKey:
        newest = self._held()[0]
        return WrappedKey(key_id=newest.id, wrapped=ciphertext.lock(newest.key, key, bound_to))

    def unwrap(self, wrapped: WrappedKey, bound_to: bytes) -> bytes:
        for held in self._held():
            if held.id == wrapped.key_id:
                return ciphertext.unlock(held.key, wrapped.wrapped, bound_to)
        raise Refused(
            "key_encryption_unknown",
            f"The key-encryption key {wrapped.key_id} is not on this machine.",
            "Nothing was read: what it protects cannot be opened without it.",
            f"Put it back into {FILE} in the folder of secrets, from where you keep its copy.",
        )


class KeyFile:
    """Key-encryption keys in a file of mode 0600, one a line: 32 bytes as base64, and since when.

    The newest stands first. Every process sees a new one at its next use: the file is read anew
    when it is another than it was.
    """

    def __init__(self, path: Path, clock: Clock | None = None) -> None:
        self.path = path
        self._clock = clock or SystemClock()
        self._read_from = (0, 0)
        self._held: tuple[HeldKey, ...] = ()

    def held(self) -> tuple[HeldKey, ...]:
        """The keys; the first is made when there is no file yet."""
        try:
            found = self.path.stat()
        except FileNotFoundError:
            self._begin()
            found = self.path.stat()
        if self._read_from != (found.st_ino, found.st_mtime_ns):
            held = parsed(self.path.read_text().splitlines(), str(self.path))
            self._read_from, self._held = (found.st_ino, found.st_mtime_ns), held
        return self._held

    def add(self) -> HeldKey:
        """A new key that wraps from now on; those before still unwrap."""
        self.held()  # The first one is made before the lock: it is made under the same.
        with self._alone():
            made = HeldKey(key=ciphertext.new_key(), made_at=self._clock.now())
            self._replace([made, *self.held()])
        return made

    def drop(self, key_ids: Sequence[str]) -> None:
        """Forget old keys for ever. Raises Refused for the one that wraps now."""
        self.held()
        with self._alone():
            held = self.held()
            if held[0].id in key_ids:
                raise Refused(
                    "key_encryption_in_use",
                    f"The key-encryption key {held[0].id} wraps the keys of today.",
                    "No key was forgotten.",
                    "Rotate it first.",
                )
            self._replace([one for one in held if one.id not in key_ids])

    def _begin(self) -> None:
        """The first key. Two processes that begin together must go on with the same one."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._alone():
            if not self.path.exists():
                self._replace([HeldKey(key=ciphertext.new_key(), made_at=self._clock.now())])

    def _replace(self, held: Sequence[HeldKey]) -> None:
        pending = self.path.with_name(f"{self.path.name}.new")
        pending.unlink(missing_ok=True)
        handle = os.open(pending, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write("".join(f"{one.line}\n" for one in held))
            file.flush()
            os.fsync(handle)
        pending.replace(self.path)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        lock = os.open(self.path.with_name(f"{self.path.name}.lock"), os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)


def configured(chosen: Configuration) -> KeyEncryption:
    """Where this installation keeps its key-encryption keys: the environment's, else the file's."""
    given = chosen.key_encryption_keys.get_secret_value()
    if given:
        told = parsed(given.split(","), "NOSTRO_KEY_ENCRYPTION_KEYS")
        return HeldKeys(lambda: told)
    return HeldKeys(key_file(chosen).held)


def key_file(chosen: Configuration) -> KeyFile:
    """The file of this installation. Raises Refused when the environment gives the keys."""
    if chosen.key_encryption_keys.get_secret_value():
        raise Refused(
            "key_encryption_elsewhere",
            "This installation is given its key-encryption keys in NOSTRO_KEY_ENCRYPTION_KEYS.",
            "Nothing was rotated.",
            "Put the new key first in that variable, the old ones after it, and restart nostro;"
            " then rotate again.",
        )
    return KeyFile(chosen.key_encryption_file or chosen.secrets_home / FILE)


def parsed(lines: Sequence[str], where: str) -> tuple[HeldKey, ...]:
    """Keys as they were written down. Raises Invalid (`key_encryption_wrong`), never telling them.

    Each line: 32 bytes as base64, then perhaps the time since when, in ISO 8601.
    """
    held = tuple(_parsed(line.split(), where) for line in lines if line.strip())
    if not held:
        raise _wrong(where, "no key stands there")
    return held


def _parsed(words: Sequence[str], where: str) -> HeldKey:
    try:
        key = base64.b64decode(words[0], validate=True)
        made = datetime.fromisoformat(words[1]).astimezone(UTC) if len(words) > 1 else None
    except (binascii.Error, ValueError):
        raise _wrong(where, "a line is not base64 and a time") from None
    if len(key) != ciphertext.KEY_BYTES:
        raise _wrong(where, f"a key has {len(key)} bytes, not {ciphertext.KEY_BYTES}")
    return HeldKey(key=key, made_at=made)


def _wrong(where: str, why: str) -> Invalid:
    return Invalid(
        "key_encryption_wrong",
        f"The key-encryption keys in {where} cannot be used: {why}.",
        "Nothing was encrypted or read.",
        "Correct it: 32 random bytes as base64, the newest first.",
    )
