"""The one key of each evidence, and what it says of the bytes: their digest and how many they are.

Pieces are locked with the evidence's own key, that key with the customer's. So a new customer's key
needs no byte rewritten, and an evidence is erased for good by destroying its own key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from nostro.storage import bulk, ciphertext, data_keys, models, queries
from nostro.storage.data_keys import DataKey
from nostro.storage.tenancy import current

CHUNK_BYTES: Final = 1024 * 1024
DATABASE: Final = "database"
ERASED = "erased:"


class RecordKey(msgspec.Struct, frozen=True, kw_only=True):
    """What is locked of an evidence: its key, and the SHA-256 and length of the clear bytes."""

    key: bytes
    digest: str
    size_bytes: int

    def __repr__(self) -> str:
        return f"RecordKey({self.size_bytes} bytes)"


def make(evidence_id: UUID, digest: str, size_bytes: int, kept_in: str = DATABASE) -> RecordKey:
    """A key for an evidence that is kept from now on."""
    made = RecordKey(key=ciphertext.new_key(), digest=digest, size_bytes=size_bytes)
    data_key = data_keys.newest(data_keys.EVIDENCE)
    row = {
        "id": evidence_id,
        "tenant_id": current(),
        "evidence_id": evidence_id,
        "data_key_id": data_key.id,
        "locked": _locked(data_key, evidence_id, made),
        "kept_in": kept_in,
    }
    bulk.insert(models.EvidenceKey, [row])
    return made


def unlocked(evidence_id: UUID, locked: bytes, data_key: bytes) -> RecordKey:
    """The key of an evidence. Raises Refused (`sealed_for_elsewhere`) when it was changed."""
    clear = ciphertext.unlock(data_key, locked, _place(evidence_id))
    return msgspec.msgpack.decode(clear, type=RecordKey)


def _locked(data_key: DataKey, evidence_id: UUID, key: RecordKey) -> bytes:
    return ciphertext.lock(data_key.key, msgspec.msgpack.encode(key), _place(evidence_id))


def lock_piece(key: RecordKey, evidence_id: UUID, sequence: int, clear: bytes) -> bytes:
    return ciphertext.lock(key.key, clear, _piece(evidence_id, sequence))


def unlock_piece(key: RecordKey, evidence_id: UUID, sequence: int, locked: bytes) -> bytes:
    """A piece's clear bytes. Raises Refused when it was changed, or is another piece."""
    return ciphertext.unlock(key.key, locked, _piece(evidence_id, sequence))


def keep_piece(evidence_id: UUID, sequence: int, locked: bytes) -> None:
    """Keep a locked piece in the database."""
    row = {
        "id": _chunk_id(evidence_id, sequence),
        "tenant_id": current(),
        "evidence_id": evidence_id,
        "sequence": sequence,
        "content": locked,
    }
    queries.together(("keep_piece", row))


def _chunk_id(evidence_id: UUID, number: int) -> UUID:
    """Chunk ids follow from the evidence's own: nothing refers to a chunk by id."""
    return UUID(int=(evidence_id.int & ~0xFFFFFFFF) | ((evidence_id.int + number) & 0xFFFFFFFF))


def of(evidence_id: UUID) -> RecordKey | None:
    """The key of an evidence; None when it was erased, or kept before there were keys."""
    rows = models.EvidenceKey.objects.select_related("data_key")
    row = rows.filter(evidence_id=evidence_id).first()
    return _key_of(row) if row else None


def digests(evidence_ids: Collection[UUID]) -> dict[UUID, str]:
    """The SHA-256 of the clear bytes of these evidences, hexadecimal; "" of one that was erased."""
    rows = models.Evidence.objects.filter(bulk.one_of("id", evidence_ids))
    found = dict(rows.values_list("id", "digest"))
    keys = models.EvidenceKey.objects.select_related("data_key")
    for row in keys.filter(bulk.one_of("evidence_id", evidence_ids)):
        key = _key_of(row)
        found[row.evidence_id] = key.digest if key else ""
    return found


def erased(evidence_id: UUID) -> datetime | None:
    """When an evidence was erased; None when it was not."""
    rows = models.EvidenceKey.objects.filter(evidence_id=evidence_id)
    return rows.values_list("erased_at", flat=True).first()


def destroy(evidence_id: UUID, now: datetime) -> None:
    """Erase an evidence: its key and its pieces are gone, that it was there is still known.

    The same bytes may be kept again later; they are another evidence then.
    """
    models.EvidenceChunk.objects.filter(evidence_id=evidence_id).delete()
    models.EvidenceKey.objects.update_or_create(
        tenant_id=current(),
        evidence_id=evidence_id,
        defaults={"data_key_id": None, "locked": None, "erased_at": now},
        create_defaults={"id": evidence_id, "erased_at": now},
    )
    models.Evidence.objects.filter(id=evidence_id).update(
        digest=f"{ERASED}{evidence_id}", name="erased"
    )


def relock(limit: int) -> int:
    """Lock up to `limit` keys of evidence anew that are not under the newest; returns how many."""
    newest, count = data_keys.newest(data_keys.EVIDENCE), 0
    rows = models.EvidenceKey.objects.filter(locked__isnull=False).exclude(data_key_id=newest.id)
    alone = rows.select_for_update(skip_locked=True, of=("self",))
    for row in alone.select_related("data_key").order_by("id")[:limit]:
        key = _key_of(row)
        if key is None:  # Erased at this moment.
            continue
        locked = _locked(newest, row.evidence_id, key)
        models.EvidenceKey.objects.filter(id=row.id).update(data_key_id=newest.id, locked=locked)
        count += 1
    return count


def _key_of(row: models.EvidenceKey) -> RecordKey | None:
    if row.locked is None or row.data_key is None:
        return None
    return unlocked(row.evidence_id, bytes(row.locked), data_keys.key_of(row.data_key))


def lock_one_open(after: UUID) -> tuple[UUID, bool] | None:
    """Lock the next evidence that was kept open before there were keys: its id, and True.

    False when its bytes are not those of its digest any more: it is left as it is. None when there
    is no open one after this id.
    """
    found = queries.rows("open_evidence", tenant_id=current(), after=after)
    if not found:
        return None
    row = models.Evidence.objects.get(id=found[0]["id"])
    told, pieces = hashlib.sha256(), models.EvidenceChunk.objects.filter(evidence_id=row.id)
    sequences = list(pieces.order_by("sequence").values_list("sequence", flat=True))
    for sequence in sequences:
        told.update(_content(row.id, sequence))
    if told.hexdigest() != row.digest:
        return row.id, False
    key = make(row.id, row.digest, row.size_bytes)
    for sequence in sequences:
        locked = lock_piece(key, row.id, sequence, _content(row.id, sequence))
        at = {"tenant_id": current(), "evidence_id": row.id, "sequence": sequence}
        queries.together(("lock_piece", {**at, "content": locked}))
    models.Evidence.objects.filter(id=row.id).update(digest=data_keys.keyed_digest(row.digest))
    return row.id, True


def _content(evidence_id: UUID, sequence: int) -> bytes:
    found = models.EvidenceChunk.objects.filter(evidence_id=evidence_id, sequence=sequence)
    return bytes(found.values_list("content", flat=True).get())


def name_one_openly_seen() -> bool:
    """Name one natural key by the customer's own secret; False when all of them are."""
    row = models.Seen.objects.exclude(digest__startswith=KEYED).first()
    if row is None:
        return False
    same = models.Seen.objects.filter(kind=row.kind, digest=row.digest)
    keyed: dict[str, Any] = {"digest": seen_name(row.digest)}
    same.update(**keyed)
    return True


KEYED = "hmac:"


def seen_name(digest: str) -> str:
    """A natural key as it is stored."""
    return KEYED + data_keys.keyed_digest(digest)


def _place(evidence_id: UUID) -> bytes:
    return ciphertext.place(str(current()), data_keys.EVIDENCE, str(evidence_id))


def _piece(evidence_id: UUID, sequence: int) -> bytes:
    return ciphertext.place(str(current()), data_keys.EVIDENCE, str(evidence_id), str(sequence))
