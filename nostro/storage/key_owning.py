"""Keys that somebody answers for: agreed to first, drawn once by their owner, and rotated."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from uuid import UUID

import msgspec

from nostro.storage import models
from nostro.storage.keys import Scope, secret_of
from nostro.storage.tenancy import current


class OwnedKey(msgspec.Struct, frozen=True, kw_only=True):
    """A program's key as people look after it. `drawn` is whether its token was ever shown."""

    id: UUID
    name: str
    prefix: str
    scopes: frozenset[Scope]
    networks: tuple[str, ...]
    person_id: UUID | None
    owner_id: UUID | None
    owner_name: str
    drawn: bool
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None
    replaced_by: UUID | None


def prepare(
    key_id: UUID,
    *,
    name: str,
    scopes: Iterable[Scope],
    networks: Iterable[str],
    owner_id: UUID,
    now: datetime,
    expires_at: datetime,
) -> None:
    """Make a key that has no secret yet: no token proves it before its owner draws one."""
    models.ApiKey.objects.create(
        id=key_id,
        tenant_id=current(),
        prefix=secrets.token_bytes(8).hex(),
        secret_hash="",
        name=name,
        scopes=sorted(scope.value for scope in scopes),
        networks=list(networks),
        owner_id=owner_id,
        created_at=now,
        expires_at=expires_at,
    )


def answer_for(key_id: UUID, owner_id: UUID | None, networks: Iterable[str]) -> None:
    """Whose a key is, and from where it is taken."""
    found = models.ApiKey.objects.filter(id=key_id)
    found.update(owner_id=owner_id, networks=list(networks))


def draw(key_id: UUID, randomness: Callable[[int], bytes] = secrets.token_bytes) -> str:
    """Give a key its secret; returns the token to show once, "" when it has one already."""
    token, kept = secret_of(randomness)
    found = models.ApiKey.objects.filter(id=key_id, secret_hash="", revoked_at=None)
    prefix = found.values_list("prefix", flat=True).first()
    if prefix is None or not found.update(secret_hash=kept):
        return ""
    return f"nk_{prefix}_{token}"


def replace(key: OwnedKey, new_id: UUID, now: datetime, old_until: datetime) -> None:
    """Make the key that goes on from this one; the old one is good until `old_until`, no longer
    than it was."""
    if key.owner_id is None:
        raise ValueError("a key that nobody owns")
    prepare(
        new_id,
        name=key.name,
        scopes=key.scopes,
        networks=key.networks,
        owner_id=key.owner_id,
        now=now,
        expires_at=key.expires_at,
    )
    models.ApiKey.objects.filter(id=key.id).update(
        replaced_by=new_id, expires_at=min(key.expires_at, old_until)
    )


def lock(key_id: UUID) -> OwnedKey | None:
    found = models.ApiKey.objects.select_for_update(of=("self",)).filter(id=key_id)
    return next(iter(_keys(found.values(*_COLUMNS))), None)


def listed() -> list[OwnedKey]:
    """Every key of this customer, the newest first."""
    return _keys(models.ApiKey.objects.order_by("-created_at", "-id").values(*_COLUMNS))


_STORED = (
    *("id", "name", "prefix", "scopes", "networks", "person_id", "owner_id", "created_at"),
    *("expires_at", "revoked_at", "last_used_at", "replaced_by"),
)
_COLUMNS = (*_STORED, "owner__name", "person__name", "secret_hash")


def _keys(rows: Iterable[Mapping[str, object]]) -> list[OwnedKey]:
    found = []
    for row in rows:
        told = {name: row[name] for name in _STORED}
        told["owner_name"] = row["owner__name"] or row["person__name"] or ""
        told["drawn"] = bool(row["secret_hash"])
        found.append(msgspec.convert(told, OwnedKey))
    return found
