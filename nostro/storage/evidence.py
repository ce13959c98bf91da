"""Every byte received or sent, kept once per customer before it is parsed, and locked.

What the same bytes are known by is their digest under the customer's own key: who reads the tables
cannot guess them. Each piece is bound to its customer, its evidence and its place in it.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from datetime import datetime
from typing import Any, BinaryIO, cast
from uuid import UUID

from nostro.domain.errors import Invalid, Refused
from nostro.storage import data_keys, evidence_keys, evidence_objects, queries
from nostro.storage.evidence_keys import CHUNK_BYTES as CHUNK_BYTES
from nostro.storage.models import Evidence, Seen
from nostro.storage.tenancy import current, tenant

READ_BYTES = 1 << 16
_DATA_KEY = ("data_key_id", "purpose", "key_id", "wrapped")


def keep(
    evidence_id: UUID,
    content: bytes,
    *,
    name: str,
    media_type: str,
    direction: str,
    now: datetime,
) -> UUID:
    """Keep bytes under `evidence_id`, or return the id under which the same bytes are kept."""
    stream = io.BytesIO(content)
    return keep_stream(
        evidence_id, stream, name=name, media_type=media_type, direction=direction, now=now
    )


def keep_stream(
    evidence_id: UUID,
    stream: BinaryIO,
    *,
    name: str,
    media_type: str,
    direction: str,
    now: datetime,
) -> UUID:
    """Keep what a stream holds, chunk by chunk; it is read twice from its beginning."""
    _check_name(name)
    size, digest = _measured(stream)
    keyed = data_keys.keyed_digest(digest)
    row: dict[str, Any] = {
        "id": evidence_id,
        "tenant_id": current(),
        "digest": digest,
        "keyed": keyed,
        "media_type": media_type,
        "file_name": name,
        "size_bytes": size,
        "direction": direction,
        "recorded_at": now,
    }
    if not queries.run("keep_evidence", **row):
        kept = Evidence.objects.filter(digest__in=[keyed, digest])
        return kept.values_list("id", flat=True).get()
    key = evidence_keys.make(evidence_id, digest, size)
    for number, piece in enumerate(_pieces(stream)):
        locked = evidence_keys.lock_piece(key, evidence_id, number, piece)
        evidence_keys.keep_piece(evidence_id, number, locked)
    return evidence_id


def _measured(stream: BinaryIO) -> tuple[int, str]:
    """How many bytes a stream holds, and their digest."""
    stream.seek(0)
    size, digest = 0, hashlib.sha256()
    while piece := stream.read(CHUNK_BYTES):
        size += len(piece)
        digest.update(piece)
    return size, digest.hexdigest()


def _check_name(name: str) -> None:
    """Raises Invalid for a name that no database can store."""
    if "\0" in name:
        raise Invalid(
            "file_name_invalid",
            f"{name[:80]!r} is not a file name.",
            "Nothing was kept.",
            "Give the file a name without a zero byte.",
        )


def read(evidence_id: UUID) -> bytes:
    """The bytes; raises Refused when they are not this customer's, or were erased or changed."""
    return reading(evidence_id).read()


def reading(evidence_id: UUID) -> BinaryIO:
    """The bytes as a stream, one chunk in memory at a time. Raises Refused when there are none.

    It may be read after this unit of work has ended: then each chunk is fetched in one of its own.
    """
    kept = _Kept(current(), evidence_id)
    return cast("BinaryIO", io.BufferedReader(kept, buffer_size=READ_BYTES))


class _Kept(io.RawIOBase):
    """The chunks of one evidence, one after the other."""

    def __init__(self, tenant_id: UUID, evidence_id: UUID) -> None:
        self._tenant_id = tenant_id
        self._evidence_id = evidence_id
        self._next = 0
        self._left = 0
        self._piece = memoryview(self._fetch())

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._piece and self._left:
            self._piece = memoryview(self._fetch())
        count = min(len(buffer), len(self._piece))
        buffer[:count] = self._piece[:count]
        self._piece = self._piece[count:]
        return count

    def _fetch(self) -> bytes:
        with tenant(self._tenant_id):
            size, piece = _piece_of(self._evidence_id, self._next)
        self._left = (self._left if self._next else size) - len(piece)
        self._next += 1
        if self._left and len(piece) != CHUNK_BYTES:
            raise evidence_objects.incomplete()
        return piece


def _piece_of(evidence_id: UUID, sequence: int) -> tuple[int, bytes]:
    """How many bytes an evidence has, and one piece of them, clear."""
    found = queries.rows(
        "evidence_piece", tenant_id=current(), evidence_id=evidence_id, sequence=sequence
    )
    if not found:
        raise _unknown()
    row = found[0]
    if row["kept_in"] is not None and row["locked"] is None:
        raise Refused(
            "evidence_erased",
            f"This file was erased on {evidence_keys.erased(evidence_id):%Y-%m-%d}.",
            "Nothing was read: its key is destroyed.",
            "The log says who erased it, and why.",
        )
    in_store = row["kept_in"] == evidence_objects.S3
    if row["content"] is None and not in_store:
        raise evidence_objects.incomplete()
    if row["locked"] is None:
        return row["size_bytes"], row["content"]
    data_key = data_keys.unwrapped(*(row[name] for name in _DATA_KEY))
    key = evidence_keys.unlocked(evidence_id, row["locked"], data_key)
    if in_store:
        _, clear = evidence_objects.piece_of(row["digest"], evidence_id, key, sequence)
        return key.size_bytes, clear
    clear = evidence_keys.unlock_piece(key, evidence_id, sequence, row["content"])
    return key.size_bytes, clear


def _unknown() -> Refused:
    return Refused("evidence_unknown", "There is no such file for this customer.")


def hide(evidence_id: UUID) -> None:
    """Make kept bytes confidential, for good."""
    Evidence.objects.filter(id=evidence_id).update(confidential=True)


def sized(evidence_id: UUID) -> tuple[str, int]:
    """The name of kept bytes, and how many they are."""
    found = Evidence.objects.filter(id=evidence_id).values_list("name", "size_bytes").first()
    if found is None:
        raise _unknown()
    name, size = found
    return str(name), int(size)


def describe(evidence_id: UUID) -> tuple[str, str, str]:
    """Name, media type and digest of kept bytes."""
    row = Evidence.objects.filter(id=evidence_id).values_list("name", "media_type")
    found = row.first()
    if found is None:
        raise _unknown()
    return *found, evidence_keys.digests([evidence_id])[evidence_id]


def first_time(kind: str, digest: str, refers_to: UUID, now: datetime) -> UUID | None:
    """Use a natural key. None the first time; afterwards what it referred to then."""
    if known := seen_before(kind, digest):
        return known
    row, created = Seen.objects.get_or_create(
        tenant_id=current(),
        kind=kind,
        digest=evidence_keys.seen_name(digest),
        defaults={"refers_to": refers_to, "first_seen_at": now},
    )
    return None if created else row.refers_to


def seen_before(kind: str, digest: str) -> UUID | None:
    """What a natural key referred to when it was used; None when nobody has used it."""
    names = [evidence_keys.seen_name(digest), digest]  # From before names were keyed: itself.
    found = Seen.objects.filter(kind=kind, digest__in=names)
    return found.values_list("refers_to", flat=True).first()


def _pieces(stream: BinaryIO) -> Iterator[bytes]:
    """Chunk by chunk; what is empty has one empty chunk."""
    stream.seek(0)
    yield stream.read(CHUNK_BYTES)
    while piece := stream.read(CHUNK_BYTES):
        yield piece
