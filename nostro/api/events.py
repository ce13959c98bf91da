"""The log for programs: sealed events as CloudEvents, in the order of their positions."""

from __future__ import annotations

import re
from uuid import UUID

from django.http import HttpRequest
from ninja import Router
from ninja.params.functions import Query

from nostro.api.asked_actions import EventPage
from nostro.api.callers import allowed, in_one_customer
from nostro.api.told import CloudEvent, EventsListed, SealLag
from nostro.domain.errors import Invalid
from nostro.domain.event import cloud_event, told_type
from nostro.storage import audit_trail
from nostro.storage.audit_trail import TrailFilter
from nostro.storage.keys import Scope
from nostro.storage.paging import cursor_of, key_of
from nostro.storage.rows import SealedEvent
from nostro.workflows.webhook_endpoints import check_types

router = Router(tags=["events"])
router.add_decorator(in_one_customer, mode="operation")
_QUERY = Query(...)
_SUBJECT = re.compile(r"([a-z_]+/)?([0-9a-fA-F-]{36})\Z", re.ASCII)


@router.get(
    "/events",
    response=EventsListed,
    exclude_unset=True,  # An attribute that an event has not is absent, as in webhooks.
    summary="Sealed events after a cursor",
)
def list_events(request: HttpRequest, asked: EventPage = _QUERY) -> EventsListed:
    caller = allowed(request, Scope.EVENTS_READ)
    after = key_of("events", asked.cursor, _position)[0] if asked.cursor else 0
    page = audit_trail.sealed(_wanted(asked), after_position=after, limit=asked.limit)
    return EventsListed(
        items=[_told(row, caller.tenant_id) for row in page.rows],
        next=cursor_of("events", str(page.last)),
        more=page.more,
        lag=SealLag.model_validate(page.lag),
    )


def _wanted(asked: EventPage) -> TrailFilter:
    named = [part.strip() for part in asked.type.split(",") if asked.type]
    check_types(named, "type")
    inner = [name.removeprefix(told_type("")) for name in named]
    families = tuple(name.removesuffix(".*") for name in inner if name.endswith(".*"))
    whole = inner == ["*"] or "*" in inner
    return TrailFilter(
        since=asked.since,
        until=asked.until,
        about=() if whole else families,
        types=() if whole else tuple(name for name in inner if not name.endswith("*")),
        subject_id=_subject(asked.subject),
    )


def _subject(text: str) -> UUID | None:
    """What an event is about, as the event names it ("order/<id>"), or its id alone."""
    if not text:
        return None
    found = _SUBJECT.match(text)
    try:
        return UUID(found.group(2) if found else text)
    except ValueError as error:
        raise Invalid(
            "subject_unknown",
            f"{text[:60]!r} is not what an event can be about.",
            can_do="Give the subject of an event as /v1/events shows it, or the id in it.",
            field="subject",
        ) from error


def _position(text: str) -> tuple[int]:
    return (int(text),)


def _told(row: SealedEvent, tenant_id: UUID) -> CloudEvent:
    return CloudEvent.model_validate(cloud_event(tenant_id, row.position, row.hash, row.event))
