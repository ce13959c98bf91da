"""Every byte received or sent, kept once per customer before it is parsed."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from datetime import datetime
from typing import Any, BinaryIO, cast
from uuid import UUID

from nostro.domain.errors import Invalid, Refused
from nostro.storage.models import Evidence, EvidenceChunk, Seen
from nostro.storage.tenancy import current, tenant

CHUNK_BYTES = 1024 * 1024
READ_BYTES = 1 << 16


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
    tenant_id = current()
    row, created = Evidence.objects.get_or_create(  # Somebody may keep the same bytes just now.
        tenant_id=tenant_id,
        digest=digest,
        defaults={
            "id": evidence_id,
            "media_type": media_type,
            "name": name,
            "size_bytes": size,
            "direction": direction,
            "recorded_at": now,
        },
    )
    if not created:
        return row.id
    for number, piece in enumerate(_pieces(stream)):
        EvidenceChunk.objects.create(
            id=_chunk_id(evidence_id, number),
            tenant_id=tenant_id,
            evidence_id=evidence_id,
            sequence=number,
            content=piece,
        )
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
    """The bytes; raises Refused when they are not this customer's."""
    pieces = EvidenceChunk.objects.filter(evidence_id=evidence_id).order_by("sequence")
    found = [bytes(piece) for piece in pieces.values_list("content", flat=True)]
    if not found:
        raise Refused("evidence_unknown", "There is no such file for this customer.")
    return b"".join(found)


def reading(evidence_id: UUID) -> BinaryIO:
    """The bytes as a stream, one chunk in memory at a time. Raises Refused when there are none.

    It may be read after this unit of work has ended: then each chunk is fetched in one of its own.
    """
    if not EvidenceChunk.objects.filter(evidence_id=evidence_id, sequence=0).exists():
        raise Refused("evidence_unknown", "There is no such file for this customer.")
    kept = _Kept(current(), evidence_id)
    return cast("BinaryIO", io.BufferedReader(kept, buffer_size=READ_BYTES))


class _Kept(io.RawIOBase):
    """The chunks of one evidence, one after the other."""

    def __init__(self, tenant_id: UUID, evidence_id: UUID) -> None:
        self._tenant_id = tenant_id
        self._evidence_id = evidence_id
        self._next = 0
        self._piece = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._piece:
            self._piece = memoryview(self._fetch())
        count = min(len(buffer), len(self._piece))
        buffer[:count] = self._piece[:count]
        self._piece = self._piece[count:]
        return count

    def _fetch(self) -> bytes:
        with tenant(self._tenant_id):
            found = EvidenceChunk.objects.filter(
                evidence_id=self._evidence_id, sequence=self._next
            ).values_list("content", flat=True)
            piece = found.first()
        self._next += 1
        return bytes(piece or b"")


def describe(evidence_id: UUID) -> tuple[str, str, str]:
    """Name, media type and digest of kept bytes."""
    row = Evidence.objects.filter(id=evidence_id).values_list("name", "media_type", "digest")
    found = row.first()
    if found is None:
        raise Refused("evidence_unknown", "There is no such file for this customer.")
    return found


def first_time(kind: str, digest: str, refers_to: UUID, now: datetime) -> UUID | None:
    """Use a natural key. None the first time; afterwards what it referred to then."""
    row, created = Seen.objects.get_or_create(
        tenant_id=current(),
        kind=kind,
        digest=digest,
        defaults={"refers_to": refers_to, "first_seen_at": now},
    )
    return None if created else row.refers_to


def seen_before(kind: str, digest: str) -> UUID | None:
    """What a natural key referred to when it was used; None when nobody has used it."""
    found = Seen.objects.filter(kind=kind, digest=digest).values_list("refers_to", flat=True)
    return found.first()


def _pieces(stream: BinaryIO) -> Iterator[bytes]:
    """Chunk by chunk; what is empty has one empty chunk."""
    stream.seek(0)
    yield stream.read(CHUNK_BYTES)
    while piece := stream.read(CHUNK_BYTES):
        yield piece


def _chunk_id(evidence_id: UUID, number: int) -> UUID:
    """Chunk ids follow from the evidence's own: nothing refers to a chunk by id."""
    return UUID(int=(evidence_id.int & ~0xFFFFFFFF) | ((evidence_id.int + number) & 0xFFFFFFFF))
