"""The customer's sign-in service and its people, as stored. Inside a unit of work."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.contrib.auth.hashers import make_password

from nostro.domain.party import Role
from nostro.storage import models, queries
from nostro.storage.tenancy import current


class ProviderRow(msgspec.Struct, frozen=True, kw_only=True):
    """The provider of a customer, without its secret. Roles by group; none: not mapped."""

    id: UUID
    issuer: str
    client_id: str
    groups_claim: str
    group_roles: dict[str, tuple[Role, ...]]
    just_in_time: bool
    since: datetime | None = None  # Since when people sign in so; None: not kept yet.


class KnownRow(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody whom the provider has signed in. `only_by_it`: he has no password and no passkey."""

    person_id: UUID
    name: str
    email: str
    known_since: datetime
    last_by_it_at: datetime | None
    only_by_it: bool


def provider() -> ProviderRow | None:
    """The provider that signs people in now; None while there is none, or since it was removed."""
    row = models.IdentityProvider.objects.filter(removed_at=None).first()
    if row is None:
        return None
    return ProviderRow(
        id=row.id,
        issuer=row.issuer,
        client_id=row.client_id,
        groups_claim=row.groups_claim,
        group_roles=msgspec.convert(row.group_roles, dict[str, tuple[Role, ...]]),
        just_in_time=row.just_in_time,
        since=row.since,
    )


def keep(wanted: ProviderRow, now: datetime) -> None:
    """The customer's provider from now on; another issuer's people are others."""
    before = provider()
    same = before and (before.issuer, before.client_id) == (wanted.issuer, wanted.client_id)
    values: dict[str, Any] = {
        "issuer": wanted.issuer,
        "client_id": wanted.client_id,
        "groups_claim": wanted.groups_claim,
        "group_roles": msgspec.to_builtins(wanted.group_roles),
        "just_in_time": wanted.just_in_time,
        "since": before.since if before and same else now,
        "removed_at": None,
    }
    models.IdentityProvider.objects.update_or_create(
        tenant_id=current(),
        defaults=values,
        create_defaults={"id": wanted.id, "tenant_id": current(), **values},
    )


def remove(now: datetime) -> None:
    """Nobody is signed in by it any more; who its people are stays known, should it come back."""
    models.IdentityProvider.objects.update(removed_at=now, group_roles={})


def known(issuer: str, limit: int) -> list[KnownRow]:
    """Up to `limit` people whom this issuer has signed in, who last did so first."""
    rows = queries.rows("people_known_by_issuer", tenant_id=current(), issuer=issuer, limit=limit)
    return [KnownRow(**row) for row in rows]


def person_of(issuer: str, subject: str) -> UUID | None:
    """Who this subject is here; None for one who was never here."""
    found = models.FederatedIdentity.objects.filter(issuer=issuer, subject=subject)
    return found.values_list("person_id", flat=True).first()


def remember(
    row_id: UUID, provider: ProviderRow, subject: str, person_id: UUID, now: datetime
) -> None:
    models.FederatedIdentity.objects.create(
        id=row_id,
        tenant_id=current(),
        provider_id=provider.id,
        issuer=provider.issuer,
        subject=subject,
        person_id=person_id,
        since=now,
    )


def create_person(person_id: UUID, email: str, name: str, now: datetime) -> None:
    """A person who has no password: only his company's service signs him in."""
    models.Person.objects.create(
        id=person_id, email=email, name=name, password=make_password(None), joined_at=now
    )
