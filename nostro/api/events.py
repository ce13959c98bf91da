"""The log for programs: sealed events as CloudEvents, in the order of their positions."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest
from ninja import Router
from ninja.params.functions import Query

from nostro.api.callers import allowed, in_one_customer
from nostro.api.told import CloudEvent, EventsListed, SealLag
from nostro.domain.event import cloud_event
from nostro.storage import listing
from nostro.storage.keys import Scope
from nostro.storage.paging import LIMIT_DEFAULT, cursor_of, key_of
from nostro.storage.rows import SealedEvent

router = Router(tags=["events"])
router.add_decorator(in_one_customer, mode="operation")


@router.get(
    "/events",
    response=EventsListed,
    exclude_unset=True,  # An attribute that an event has not is absent, as in webhooks.
    summary="Sealed events after a cursor",
)
def list_events(
    request: HttpRequest,
    limit: int = LIMIT_DEFAULT,
    cursor: str = Query("", description="`next` of the answer before; without it, from the start."),
) -> EventsListed:
    caller = allowed(request, Scope.EVENTS_READ)
    after = key_of("events", cursor, _position)[0] if cursor else 0
    page = listing.events(after_position=after, limit=limit)
    return EventsListed(
        items=[_told(row, caller.tenant_id) for row in page.rows],
        next=cursor_of("events", str(page.last)),
        more=page.more,
        lag=SealLag.model_validate(page.lag),
    )


def _position(text: str) -> tuple[int]:
    return (int(text),)


def _told(row: SealedEvent, tenant_id: UUID) -> CloudEvent:
    return CloudEvent.model_validate(cloud_event(tenant_id, row.position, row.hash, row.event))
