"""Credentials of a customer's connections and signing secrets: stored locked, one row a name."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID, uuid4

import msgspec
from django.db.models import QuerySet

from nostro.storage import ciphertext, data_keys, models
from nostro.storage.tenancy import current


class SecretRow(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to know of a stored secret without it."""

    id: UUID
    name: str
    changed_at: datetime
    data_key_id: UUID


def read(names: Collection[str]) -> dict[str, str]:
    """Those of these secrets that the customer has, clear, by name. Raises Refused
    (`sealed_for_elsewhere`) when a row was changed or swapped."""
    rows = models.StoredSecret.objects.select_related("data_key").filter(name__in=names)
    return {row.name: _clear(row) for row in rows}


def write(name: str, value: str, now: datetime) -> None:
    """Store a secret under its name, over what was there."""
    key = data_keys.newest(data_keys.CREDENTIALS)
    locked = ciphertext.lock(key.key, value.encode(), _place(name))
    told = {"data_key_id": key.id, "locked": locked, "changed_at": now}
    models.StoredSecret.objects.update_or_create(
        tenant_id=current(), name=name, defaults=told, create_defaults={"id": uuid4(), **told}
    )


def forget_all(beginning: str) -> int:
    """Destroy the secrets whose names begin so; returns how many there were."""
    return models.StoredSecret.objects.filter(name__startswith=beginning).delete()[0]


def rows() -> list[SecretRow]:
    """Every stored secret of the customer, by name."""
    return [
        SecretRow(id=row.id, name=row.name, changed_at=row.changed_at, data_key_id=row.data_key_id)
        for row in models.StoredSecret.objects.defer("locked").order_by("name")
    ]


def relock(limit: int) -> int:
    """Lock up to `limit` secrets anew that are not under the newest key; returns how many."""
    key, count = data_keys.newest(data_keys.CREDENTIALS), 0
    old = models.StoredSecret.objects.exclude(data_key_id=key.id)
    for row in _locked(old)[:limit]:
        locked = ciphertext.lock(key.key, _clear(row).encode(), _place(row.name))
        models.StoredSecret.objects.filter(id=row.id).update(data_key_id=key.id, locked=locked)
        count += 1
    return count


def _locked(rows: QuerySet[models.StoredSecret]) -> QuerySet[models.StoredSecret]:
    return (
        rows.select_related("data_key")
        .select_for_update(skip_locked=True, of=("self",))
        .order_by("id")
    )


def _clear(row: models.StoredSecret) -> str:
    key = data_keys.key_of(row.data_key)
    return ciphertext.unlock(key, bytes(row.locked), _place(row.name)).decode()


def _place(name: str) -> bytes:
    """Names are one to a row for ever, and say whose secret it is: `connection.<id>.password`."""
    return ciphertext.place(str(current()), data_keys.CREDENTIALS, name)
