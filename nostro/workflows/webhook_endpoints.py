"""Which programs are told of events: addresses named, switched off, given new secrets, replayed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches
from uuid import UUID

from nostro.domain.errors import Invalid, Refused
from nostro.domain.event import FAMILIES, told_type
from nostro.domain.event_types import occurs, told_types
from nostro.storage import events, webhooks
from nostro.storage.tenancy import tenant
from nostro.storage.webhooks import EndpointRow
from nostro.workflows import webhook_keys
from nostro.workflows.context import Acting
from nostro.workflows.wake import wake
from nostro.workflows.webhooks import turn_off

ENDPOINTS_MAX = 20
NEAREST = 3  # How many names a refusal proposes.
_TYPE = re.compile(r"nostro(\.[a-z_]+)*\.([a-z_]+|\*)\Z", re.ASCII)


def register(
    acting: Acting,
    url: str,
    *,
    description: str = "",
    event_types: Sequence[str] = (),
    after_position: int | None = None,
) -> tuple[EndpointRow, str]:
    """Tell an address of events from a sealed position on (None: from now on).

    Returns it with its secret, which is shown this once. Raises Invalid for an address that we
    would never call or a type that cannot be, Refused when it is told already, or too many are.
    """
    acting.world.webhook_caller.check(url)
    check_types(event_types)
    with tenant(acting.tenant_id):
        _room_for(url)
        end = webhooks.sealed()
        row = EndpointRow(
            id=acting.world.ids.new(),
            url=url,
            description=description,
            event_types=tuple(dict.fromkeys(event_types)),
            position=end if after_position is None else _checked(after_position, end),
            created_by=acting.actor.name,
            created_at=acting.world.clock.now(),
        )
        if not webhooks.add_endpoint(row):
            raise _taken()
        secret = webhook_keys.make(acting, row.id)
        told = acting.event(
            "webhook.registered", "webhook_endpoint", row.id, url=url, position=row.position
        )
        events.record([told])
        wake("attend_webhooks", tenant_id=acting.tenant_id)
        return row, secret


def disable(acting: Acting, endpoint_id: UUID, reason: str) -> None:
    """Tell an address nothing more; what waits is kept for a replay."""
    with tenant(acting.tenant_id):
        _known(endpoint_id)
        turn_off(acting, endpoint_id, reason)


def rotate(acting: Acting, endpoint_id: UUID) -> str:
    """A new secret for an address; for a day both sign, so that nothing is refused meanwhile."""
    with tenant(acting.tenant_id):
        _known(endpoint_id)
        events.record([acting.event("webhook.secret_rotated", "webhook_endpoint", endpoint_id)])
        return webhook_keys.make(acting, endpoint_id)


def replay(acting: Acting, endpoint_id: UUID, from_position: int) -> int:
    """Tell an address again everything from a sealed position on, and switch it on if it was off.

    Returns how many deliveries were made due again; events that never were for it follow.
    """
    with tenant(acting.tenant_id):
        endpoint = webhooks.lock_endpoint(endpoint_id)
        if endpoint is None:
            raise _unknown()
        _checked(from_position - 1, webhooks.sealed())
        if endpoint.disabled_at is not None:
            _room_for(endpoint.url)
        webhooks.update_endpoint(
            endpoint_id,
            position=min(endpoint.position, from_position - 1),
            disabled_at=None,
            disabled_because="",
        )
        count = webhooks.replay(endpoint_id, from_position, acting.world.clock.now())
        told = acting.event(
            "webhook.replayed",
            "webhook_endpoint",
            endpoint_id,
            from_position=from_position,
            deliveries=count,
        )
        events.record([told])
        wake("attend_webhooks", tenant_id=acting.tenant_id)
        return count


def _room_for(url: str) -> None:
    if webhooks.is_told(url):
        raise _taken()
    if sum(row.disabled_at is None for row in webhooks.endpoints()) >= ENDPOINTS_MAX:
        raise Refused(
            "webhook_addresses_too_many",
            f"There are {ENDPOINTS_MAX} addresses already.",
            can_do="Switch one off that nobody needs any more.",
        )


def _taken() -> Refused:
    return Refused(
        "webhook_address_taken",
        "This address is told of events already.",
        can_do="Use the one there is, or switch it off first.",
        field="url",
    )


def check_types(event_types: Sequence[str], field: str = "event_types") -> None:
    """Raise Invalid for a name that is no type of event and no family of them."""
    wrong = next((told for told in event_types if not _TYPE.match(told) or not occurs(told)), None)
    if wrong is not None:
        near = get_close_matches(wrong[:80], told_types(), NEAREST)
        families = ", ".join(told_type(f"{family}.*") for family in FAMILIES)
        raise Invalid(
            "webhook_event_type_unknown",
            f"{wrong[:80]!r} is no type of event"
            + (f"; the nearest are {', '.join(near)}." if near else "."),
            can_do=f"Name types as /v1/events shows them, or families of them: {families}.",
            field=field,
        )


def _checked(position: int, end: int) -> int:
    if 0 <= position <= end:
        return position
    raise Invalid(
        "position_unknown",
        f"The log is sealed from position 1 to {end}.",
        can_do="Give a position that /v1/events has shown.",
        field="position",
    )


def _known(endpoint_id: UUID) -> None:
    """Raise Refused for an address that this customer has not."""
    if webhooks.endpoint(endpoint_id) is None:
        raise _unknown()


def _unknown() -> Refused:
    return Refused(
        "webhook_unknown",
        "There is no such address for this customer.",
        can_do="List the addresses there are.",
    )
