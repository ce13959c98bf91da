"""The keys of one customer: made when first needed, kept wrapped, new ones beside the old.

What is written takes the newest key of its purpose and names it; what was written before is read
with the key that it names. All of it inside the customer's unit of work.
"""

from __future__ import annotations

import hmac
from collections import OrderedDict
from datetime import datetime
from hashlib import sha256
from threading import Lock
from typing import Final
from uuid import UUID, uuid4

import msgspec
from django.db import IntegrityError, transaction

from nostro.ports import WrappedKey
from nostro.storage import ciphertext, models, queries
from nostro.storage.key_ring import key_encryption
from nostro.storage.tenancy import current

CREDENTIALS: Final = "credentials"
EVIDENCE: Final = "evidence"
DIGEST: Final = "digest"  # Names contents; a new one would make the same content look new.
ROTATED = (CREDENTIALS, EVIDENCE)
_HELD_AT_MOST = 4096


class DataKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key of the customer, unwrapped."""

    id: UUID
    key: bytes

    def __repr__(self) -> str:
        return f"DataKey({self.id})"


class DataKeyRow(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to know of a key without it. `key_id` names what it is wrapped under."""

    id: UUID
    purpose: str
    version: int
    key_id: str
    made_at: datetime


class _Unwrapped:
    """Keys of this process that were unwrapped already: a key management service is far away."""

    def __init__(self) -> None:
        self._held: OrderedDict[tuple[UUID, UUID | str], bytes] = OrderedDict()
        self._lock = Lock()

    def key(self, data_key_id: UUID, purpose: str, wrapped: WrappedKey) -> bytes:
        if found := self.known(data_key_id):
            return found
        key = key_encryption().unwrap(wrapped, _place(purpose, data_key_id))
        self.hold(current(), data_key_id, key)
        return key

    def hold(self, tenant_id: UUID, name: UUID | str, key: bytes) -> None:
        with self._lock:
            self._held[tenant_id, name] = key
            while len(self._held) > _HELD_AT_MOST:
                self._held.popitem(last=False)

    def forget(self) -> None:
        """Unwrap each key anew when it is next needed."""
        with self._lock:
            self._held.clear()

    def known(self, name: UUID | str) -> bytes | None:
        """A key of the current customer by its id, or by its purpose where there is but one."""
        with self._lock:
            found = self._held.get((current(), name))
            if found:
                self._held.move_to_end((current(), name))
            return found


_unwrapped = _Unwrapped()


def newest(purpose: str) -> DataKey:
    """The key that locks now; the first one is made."""
    row = models.DataKey.objects.filter(purpose=purpose).order_by("-version").first()
    if row is None:
        row = _made(purpose, 1)
    return DataKey(id=row.id, key=key_of(row))


def key_of(row: models.DataKey) -> bytes:
    """The key of a row, unwrapped. It is read together with what it locks: a moment later that may
    be locked with the next one, and this one gone."""
    return unwrapped(row.id, row.purpose, row.key_id, bytes(row.wrapped))


def named(data_key_id: UUID) -> bytes:
    """The key of this id, unwrapped."""
    return key_of(models.DataKey.objects.get(id=data_key_id))


def unwrapped(data_key_id: UUID, purpose: str, key_id: str, wrapped: bytes) -> bytes:
    """A key, unwrapped, given column by column."""
    return _unwrapped.key(data_key_id, purpose, WrappedKey(key_id=key_id, wrapped=wrapped))


def rotate(purpose: str) -> UUID:
    """A new key that locks from now on; returns its id."""
    last = models.DataKey.objects.filter(purpose=purpose).order_by("-version").first()
    return _made(purpose, last.version + 1 if last else 1).id


def rows() -> list[DataKeyRow]:
    """Every key of the customer, by purpose, the newest first."""
    found = models.DataKey.objects.order_by("purpose", "-version")
    return [
        DataKeyRow(
            id=row.id,
            purpose=row.purpose,
            version=row.version,
            key_id=row.key_id,
            made_at=row.made_at,
        )
        for row in found
    ]


def forget_unwrapped() -> None:
    """Let this process hold no key of any customer: each is unwrapped anew when it is needed."""
    _unwrapped.forget()


def rewrap() -> int:
    """Wrap the customer's keys under the newest key-encryption key; returns how many were not."""
    keys, count = key_encryption(), 0
    wanted = keys.newest()
    for row in models.DataKey.objects.select_for_update().exclude(key_id=wanted):
        bound_to = _place(row.purpose, row.id)
        old = WrappedKey(key_id=row.key_id, wrapped=bytes(row.wrapped))
        fresh = keys.wrap(keys.unwrap(old, bound_to), bound_to)
        models.DataKey.objects.filter(id=row.id).update(key_id=fresh.key_id, wrapped=fresh.wrapped)
        count += 1
    return count


def drop_unused(superseded_before: datetime) -> int:
    """Destroy keys that nothing is locked with any more; returns how many.

    Only those whose successor was made before that time: a unit of work that began with one of them
    may be writing still.
    """
    return queries.run(
        "drop_unused_keys",
        tenant_id=current(),
        purposes=list(ROTATED),
        superseded_before=superseded_before,
    )


def keyed_digest(digest: str) -> str:
    """A content's digest as the customer's own secret names it (HMAC-SHA-256, RFC 2104): who has
    guessed the content cannot recognise it without the key."""
    tenant_id = current()
    key = _unwrapped.known(DIGEST)
    if key is None:
        found = key = newest(DIGEST).key
        # One made in a unit of work that fails is no key: it is remembered once it is committed.
        transaction.on_commit(lambda: _unwrapped.hold(tenant_id, DIGEST, found))
    return hmac.new(key, digest.encode(), sha256).hexdigest()


def _made(purpose: str, version: int) -> models.DataKey:
    """A key of this version; when somebody makes it at this moment, theirs."""
    key_id = uuid4()
    wrapped = key_encryption().wrap(ciphertext.new_key(), _place(purpose, key_id))
    made = {"id": key_id, "key_id": wrapped.key_id, "wrapped": wrapped.wrapped}
    try:
        with transaction.atomic():
            models.DataKey.objects.create(
                tenant_id=current(), purpose=purpose, version=version, **made
            )
    except IntegrityError:  # Waited for the other's commit.
        pass
    return models.DataKey.objects.get(purpose=purpose, version=version)


def _place(purpose: str, data_key_id: UUID) -> bytes:
    return ciphertext.place(str(current()), "data_key", purpose, str(data_key_id))
