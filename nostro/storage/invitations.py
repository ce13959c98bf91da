"""Invitations as stored: only the hash of a link is kept, and it counts once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from nostro.domain.event import Actor
from nostro.storage import models
from nostro.storage.tenancy import current


class InvitationRow(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody asked to work here, and with what, once others have agreed to it."""

    id: UUID
    email: str
    name: str
    grants: tuple[dict[str, Any], ...]
    invited_by: Actor
    invited_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    person_id: UUID | None


def add(
    row_id: UUID,
    *,
    email: str,
    name: str,
    grants: Sequence[Mapping[str, Any]],
    token: str,
    by: Actor,
    now: datetime,
    expires_at: datetime,
) -> None:
    """Keep an invitation for the customer of this unit of work."""
    models.Invitation.objects.create(
        id=row_id,
        tenant_id=current(),
        email=email,
        name=name,
        grants=list(grants),
        token_hash=_hash(token),
        invited_by=msgspec.to_builtins(by),
        invited_at=now,
        expires_at=expires_at,
    )


def customer_of(token: str, now: datetime) -> tuple[UUID, UUID] | None:
    """Whose invitation a link is, customer and row, while it counts; as nostro_ops, before a
    customer is known."""
    found = models.Invitation.objects.using("ops").filter(
        token_hash=_hash(token), ended_at__isnull=True, expires_at__gt=now
    )
    return found.values_list("tenant_id", "id").first()


def lock_open(row_id: UUID, now: datetime) -> InvitationRow | None:
    """An invitation that counts still, held until the unit of work ends."""
    found = models.Invitation.objects.select_for_update().filter(
        id=row_id, ended_at__isnull=True, expires_at__gt=now
    )
    row = found.first()
    return None if row is None else _row(row)


def still_open(now: datetime) -> list[InvitationRow]:
    """Those that count still, the newest first."""
    found = models.Invitation.objects.filter(ended_at__isnull=True, expires_at__gt=now)
    return [_row(row) for row in found.order_by("-invited_at", "-id")]


def end(row_id: UUID, now: datetime, person_id: UUID | None = None) -> bool:
    """The link counts no more: accepted by this person, or withdrawn. True the first time."""
    found = models.Invitation.objects.filter(id=row_id, ended_at__isnull=True)
    return found.update(ended_at=now, person_id=person_id) == 1


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _row(row: models.Invitation) -> InvitationRow:
    return InvitationRow(
        id=row.id,
        email=row.email,
        name=row.name,
        grants=tuple(row.grants),
        invited_by=msgspec.convert(row.invited_by, Actor),
        invited_at=row.invited_at,
        expires_at=row.expires_at,
        ended_at=row.ended_at,
        person_id=row.person_id,
    )
