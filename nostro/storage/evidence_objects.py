"""Files kept in an object store: which, under which names, and how their pieces are read there.

An object is a file's locked pieces one after the other. Its name leads with the file's digest under
the customer's own key: who reads names cannot guess contents. A file is first kept in the database;
its row says the store only once the object is there and was read back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
from django.conf import settings
from django.db.models import Count, QuerySet, Sum

from nostro.domain.errors import Refused
from nostro.ports import KeepsObjects
from nostro.storage import bulk, evidence_keys
from nostro.storage.ciphertext import NONCE_BYTES, TAG_BYTES
from nostro.storage.evidence_keys import CHUNK_BYTES, DATABASE, RecordKey
from nostro.storage.models import Customer, Evidence, EvidenceChunk, EvidenceKey
from nostro.storage.tenancy import current

S3: Final = "s3"
PLACES: Final = (DATABASE, S3)
_LOCK_BYTES: Final = NONCE_BYTES + TAG_BYTES
_LOCKED_BYTES: Final = CHUNK_BYTES + _LOCK_BYTES


class StoredFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file as far as where it is kept goes; `kept_in` is "" when its key is destroyed."""

    id: UUID
    digest: str
    size_bytes: int
    recorded_at: datetime
    kept_in: str

    def name_for(self, tenant_id: UUID) -> str:
        """The name of its object: whose it is, the keyed digest, and which keeping of it."""
        return f"{tenant_id}/{self.digest}/{self.id}"

    @property
    def pieces(self) -> int:
        return max(1, -(-self.size_bytes // CHUNK_BYTES))

    @property
    def object_bytes(self) -> int:
        """How long its object is."""
        return self.size_bytes + self.pieces * _LOCK_BYTES


class Amount(msgspec.Struct, frozen=True):
    """How many files, and of how many bytes together."""

    files: int
    size_bytes: int


def store() -> KeepsObjects:
    """The object store of this installation. Raises Refused when it was given none."""
    found: KeepsObjects | None = settings.EVIDENCE_STORE()
    if found is None:
        raise Refused(
            "evidence_store_unknown",
            "Files are kept in an object store, but this installation was not told of one.",
            "Nothing was read or moved.",
            "Name its bucket in NOSTRO_EVIDENCE_S3_BUCKET, and restart nostro.",
        )
    return found


def id_of(name: str) -> UUID | None:
    """The file that an object of this name belongs to; None for a name that is none of ours."""
    try:
        return UUID(name.rpartition("/")[2])
    except ValueError:
        return None


def piece_of(digest: str, evidence_id: UUID, key: RecordKey, sequence: int) -> tuple[bytes, bytes]:
    """One piece of the current customer's file out of the store: locked, and clear.

    Raises Refused: `evidence_incomplete`, `evidence_object_changed` naming the object, and as the
    store does.
    """
    name = f"{current()}/{digest}/{evidence_id}"
    locked = store().read(name, sequence * _LOCKED_BYTES, _LOCKED_BYTES)
    if not locked:
        raise incomplete()
    try:
        return locked, evidence_keys.unlock_piece(key, evidence_id, sequence, locked)
    except Refused as error:
        raise object_changed(name) from error


def object_changed(name: str) -> Refused:
    return Refused(
        "evidence_object_changed",
        f"The object {name} in the store is not what was kept there.",
        "Nothing of it was used.",
        "Bring its earlier version back in the bucket, or restore it; find out who changed it.",
    )


def incomplete() -> Refused:
    return Refused(
        "evidence_incomplete",
        "A piece of this file is missing from the store.",
        "Nothing of it was used.",
        "Restore it from a backup, and find out who took it away.",
    )


def chosen() -> str:
    """Where files of this customer are to be kept."""
    own = Customer.objects.filter(id=current()).values_list("evidence_kept_in", flat=True).first()
    return own or settings.EVIDENCE_KEPT_IN


def choose(place: str) -> None:
    """Keep files of this customer there from now on, whatever the installation says."""
    Customer.objects.filter(id=current()).update(evidence_kept_in=place)


def waiting(
    place: str, after: UUID, limit: int, recorded_before: datetime | None = None
) -> list[UUID]:
    """Files kept at a place, in the order of their ids after one."""
    rows = _keys(place).filter(evidence_id__gt=after).order_by("evidence_id")
    if recorded_before is not None:
        rows = rows.filter(evidence__recorded_at__lt=recorded_before)
    return list(rows.values_list("evidence_id", flat=True)[:limit])


def amount(place: str) -> Amount:
    """How much is kept at a place."""
    found = _keys(place).aggregate(files=Count("id"), size_bytes=Sum("evidence__size_bytes"))
    return Amount(found["files"], int(found["size_bytes"] or 0))


def locked_openly() -> int:
    """How many files there are that were kept before there were keys: these cannot be moved."""
    keys = EvidenceKey.objects.values("evidence_id")
    return Evidence.objects.exclude(id__in=keys).count()


def find(evidence_id: UUID, *, to_change: bool = False) -> StoredFile | None:
    """One file; locked for whoever changes where it is kept, or erases it."""
    rows = Evidence.objects.select_for_update() if to_change else Evidence.objects.all()
    row = rows.filter(id=evidence_id).first()
    return next(iter(_files([row])), None) if row else None


def with_ids(evidence_ids: Collection[UUID]) -> dict[UUID, StoredFile]:
    """Those of these files that there are."""
    rows = list(Evidence.objects.filter(bulk.one_of("id", evidence_ids)))
    return {file.id: file for file in _files(rows)}


def in_store_after(digest: str, limit: int) -> list[StoredFile]:
    """Files in the store in the order of their digests after one."""
    rows = Evidence.objects.filter(
        digest__gt=digest, id__in=_keys(S3).values("evidence_id")
    ).order_by("digest")
    return list(_files(list(rows[:limit])))


def locked_piece(evidence_id: UUID, sequence: int) -> bytes:
    """One locked piece out of the database. Raises Refused (`evidence_incomplete`)."""
    rows = EvidenceChunk.objects.filter(evidence_id=evidence_id, sequence=sequence)
    content = rows.values_list("content", flat=True).first()
    if content is None:
        raise incomplete()
    return bytes(content)


def now_in_store(evidence_id: UUID) -> None:
    """Say that a file is in the store, and drop its pieces here; its row is locked, as is that of
    each file whose object is removed."""
    EvidenceKey.objects.filter(evidence_id=evidence_id).update(kept_in=S3)
    EvidenceChunk.objects.filter(evidence_id=evidence_id).delete()


def now_in_database(evidence_id: UUID) -> None:
    """Say that a file is here, its pieces having been kept in the same unit of work."""
    EvidenceKey.objects.filter(evidence_id=evidence_id).update(kept_in=DATABASE)


def _keys(place: str) -> QuerySet[EvidenceKey]:
    return EvidenceKey.objects.filter(kept_in=place, locked__isnull=False)


def _files(rows: Collection[Evidence]) -> Iterator[StoredFile]:
    keys = EvidenceKey.objects.filter(bulk.one_of("evidence_id", [row.id for row in rows]))
    places = dict(keys.filter(locked__isnull=False).values_list("evidence_id", "kept_in"))
    for row in rows:
        yield StoredFile(
            id=row.id,
            digest=row.digest,
            size_bytes=row.size_bytes,
            recorded_at=row.recorded_at,
            kept_in=places.get(row.id, ""),
        )
