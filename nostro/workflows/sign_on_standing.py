"""How a company's single sign-on stands: who set it up, whom it lets in, and did it answer."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from nostro.domain.event import Event
from nostro.storage import audit_trail, change_requests, sign_on, stored_secrets
from nostro.storage.audit_trail import TrailFilter
from nostro.storage.change_requests import RequestRow
from nostro.storage.sign_on import KnownRow, ProviderRow
from nostro.storage.tenancy import tenant
from nostro.workflows.context import Acting
from nostro.workflows.sign_on_trial import Looked
from nostro.workflows.single_sign_on import secret_name

KNOWN_MAX: Final = 50
KINDS: Final = ("sign_on", "group_roles", "sign_on_removal")


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """When it was last tried, by whom, and what was found."""

    at: datetime
    by: str
    looked: tuple[Looked, ...]


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """All there is to tell of it, no secret. `provider` is None while nothing is connected; `by`
    is who connected this service with this client id, "" where the log does not say."""

    provider: ProviderRow | None
    waits: tuple[RequestRow, ...]
    by: str = ""
    secret_since: datetime | None = None
    secret_age: timedelta | None = None
    known: tuple[KnownRow, ...] = ()
    trial: Trial | None = None


def standing(acting: Acting) -> Standing:
    """How the customer's single sign-on stands now."""
    with tenant(acting.tenant_id):
        asked = (change_requests.same_open(kind, acting.tenant_id) for kind in KINDS)
        waits = tuple(row for row in asked if row)
        row = sign_on.provider()
        if row is None:
            return Standing(provider=None, waits=waits)
        since = _secret_since(acting)
        return Standing(
            provider=row,
            waits=waits,
            by=_connected_by(acting, row),
            secret_since=since,
            secret_age=acting.world.clock.now() - since if since else None,
            known=tuple(sign_on.known(row.issuer, KNOWN_MAX)),
            trial=_trial(acting, row),
        )


def _secret_since(acting: Acting) -> datetime | None:
    name = secret_name(acting.tenant_id)
    return next((one.changed_at for one in stored_secrets.rows() if one.name == name), None)


def _connected_by(acting: Acting, row: ProviderRow) -> str:
    """Who did the first of the newest changes that all have this service and client id."""
    kinds = ("customer.sign_on_changed", "customer.sign_on_removed")
    asked = TrailFilter(types=kinds, subject_id=acting.tenant_id)
    name = ""
    for one in audit_trail.trail(asked).rows:
        said = one.event.data
        same = (said.get("issuer"), said.get("client_id")) == (row.issuer, row.client_id)
        if one.event.type == kinds[1] or not same:
            break
        name = one.event.actor.name
    return name


def _trial(acting: Acting, row: ProviderRow) -> Trial | None:
    found = audit_trail.newest(acting.tenant_id, "customer.sign_on_tried")
    if found is None or found.data.get("issuer") != row.issuer:
        return None
    return Trial(at=found.occurred_at, by=found.actor.name, looked=_looked(found))


def _looked(event: Event) -> tuple[Looked, ...]:
    told: Any = event.data.get("looked", ())
    return msgspec.convert(told, tuple[Looked, ...])
