"""Every byte received or sent, kept once per customer before it is parsed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from nostro.domain.canonical import digest_of_bytes
from nostro.domain.errors import Invalid, Refused
from nostro.storage.models import Evidence, EvidenceChunk, Seen
from nostro.storage.tenancy import current

CHUNK_BYTES = 1024 * 1024


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
    _check_name(name)
    digest = digest_of_bytes(content)
    tenant_id = current()
    row, created = Evidence.objects.get_or_create(  # Somebody may keep the same bytes just now.
        tenant_id=tenant_id,
        digest=digest,
        defaults={
            "id": evidence_id,
            "media_type": media_type,
            "name": name,
            "size_bytes": len(content),
            "direction": direction,
            "recorded_at": now,
        },
    )
    if not created:
        return row.id
    EvidenceChunk.objects.bulk_create(
        EvidenceChunk(
            id=_chunk_id(evidence_id, number),
            tenant_id=tenant_id,
            evidence_id=evidence_id,
            sequence=number,
            content=piece,
        )
        for number, piece in enumerate(_pieces(content))
    )
    return evidence_id


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


def _pieces(content: bytes) -> Iterator[bytes]:
    for start in range(0, max(len(content), 1), CHUNK_BYTES):
        yield content[start : start + CHUNK_BYTES]


def _chunk_id(evidence_id: UUID, number: int) -> UUID:
    """Chunk ids follow from the evidence's own: nothing refers to a chunk by id."""
    return UUID(int=(evidence_id.int & ~0xFFFFFFFF) | ((evidence_id.int + number) & 0xFFFFFFFF))
