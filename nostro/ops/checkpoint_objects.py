"""A bucket that keeps signed statements: an object a statement, locked against everybody.

Each is named by its own digest: what stands there under another's name is not taken for it, and a
log that was written anew has other names, beside those that nobody could delete.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from nostro.domain.audit_statement import Signed, signed_of
from nostro.domain.errors import Refused
from nostro.ports import KeepsObjects, KeptObject, ObjectLock

_NAME = re.compile(r"[^/]+/\d{10}-([0-9a-f]{64})\.jsonl\Z")


class CheckpointObjects:
    """<customer>/<number>-<SHA-256 of the statement>.jsonl, one line each."""

    def __init__(self, store: KeepsObjects, keep_for: timedelta) -> None:
        self._store = store
        self._keep_for = keep_for

    def keep(self, customer: UUID, waiting: Sequence[Signed], now: datetime) -> None:
        """Write each statement once, locked, and read it back.

        Raises Refused (`object_lock_missing`, `checkpoint_not_kept`) and what the store raises.
        """
        if not self._store.locks():
            raise _without_lock()
        lock = ObjectLock(mode=self._store.lock_mode, until=now + self._keep_for)
        for signed in waiting:
            name = f"{customer}/{signed.number:010d}-{signed.digest()}.jsonl"
            content = signed.line().encode() + b"\n"
            self._store.add(name, [content], lock)
            if not self._is_kept(name, content):
                raise _not_kept(name)

    def statements(self, customer: UUID, but: Collection[str] = ()) -> list[Signed]:
        """What is kept of a customer, but for these digests; also what was hidden by a deletion.

        Raises Refused (`checkpoint_changed`) naming an object that is not what its name says.
        """
        versions: dict[str, list[KeptObject]] = defaultdict(list)
        for kept in self._store.versions(f"{customer}/"):
            named = _NAME.match(kept.name)
            if named and named[1] not in but:
                versions[named[1]].append(kept)
        return [self._one_of(found, digest) for digest, found in versions.items()]

    def _is_kept(self, name: str, content: bytes) -> bool:
        """Is the newest version, or an earlier one that somebody has hidden, what was written?"""
        if self._store.read(name) == content:
            lock = self._store.lock_of(name)
            return lock is not None and lock.until is not None
        found = [kept for kept in self._store.versions(name) if kept.name == name]
        return any(self._store.read(name, version=kept.version) == content for kept in found)

    def _one_of(self, versions: Sequence[KeptObject], digest: str) -> Signed:
        for kept in versions:
            content = self._store.read(kept.name, version=kept.version)
            try:
                signed = signed_of(content)
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue
            if signed.digest() == digest:
                return signed
        raise Refused(
            "checkpoint_changed",
            f"The object {versions[0].name} in the checkpoints' bucket is not what its name says.",
            "It was not used.",
            "Somebody has written it: find out who may write there, and hold the log against the"
            " checkpoints that the auditor has.",
        )


def _without_lock() -> Refused:
    return Refused(
        "object_lock_missing",
        "The bucket for checkpoints has no object lock: whoever can write there could delete them.",
        "No checkpoint was written to it; they wait in the database.",
        "Make a bucket with object lock (it is chosen when the bucket is made) and name it in"
        " NOSTRO_CHECKPOINT_S3_BUCKET.",
    )


def _not_kept(name: str) -> Refused:
    return Refused(
        "checkpoint_not_kept",
        f"The object {name} was written to the checkpoints' bucket, but what can be read there is"
        " not it, or is not locked.",
        "The checkpoint stays in the database, too; it is tried again.",
        "Find out who else writes there, and whether the store keeps to object lock.",
    )
