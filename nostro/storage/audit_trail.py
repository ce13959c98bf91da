"""The log as people look through it: newest first, narrowed, each with its place in the chain.

Works inside `with tenant(...)`. Ids of events follow each other in time, so pages go by them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from django.db.models import Exists, Max, OuterRef, Q, QuerySet

from nostro.domain.event import Event
from nostro.storage import confidential, models
from nostro.storage.events import event_of
from nostro.storage.listing import plain, seal_lag
from nostro.storage.paging import LIMIT_DEFAULT, Page, checked_limit, key_of, page_of
from nostro.storage.rows import EventPage, SealedEvent


class TrailFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What to look for; empty narrows nothing.

    `since` is included, `until` is not. `about` are families of types ("order"), `types` whole
    types ("order.moved"). `actor_kinds` are those of an Actor, `actor` a part of his name or his
    whole id, also of the one in whose place he acted. `address` is the beginning of one.
    """

    since: datetime | None = None
    until: datetime | None = None
    about: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    actor_kinds: tuple[str, ...] = ()
    actor: str = ""
    subject_id: UUID | None = None
    address: str = ""


class TrailRow(msgspec.Struct, frozen=True, kw_only=True):
    """One event. `position` is None and `hash` empty until it is sealed."""

    event: Event
    position: int | None
    hash: str
    sealed_at: datetime | None
    erased_at: datetime | None

    @property
    def id(self) -> UUID:
        return UUID(self.event.id)


def trail(asked: TrailFilter, *, limit: int = LIMIT_DEFAULT, cursor: str = "") -> Page[TrailRow]:
    """Events of this customer, newest first."""
    size = checked_limit(limit)
    found = _narrowed(models.Event.objects.all(), asked)
    if cursor:
        (last,) = key_of("trail", cursor, _id)
        found = found.filter(id__lt=last)
    rows = _rows(found.order_by("-id").values()[: size + 1])
    return page_of("trail", rows, size, lambda row: (row.event.id,))


def sealed(asked: TrailFilter, *, after_position: int = 0, limit: int = LIMIT_DEFAULT) -> EventPage:
    """Sealed events after a position, in the order of the chain; what is not sealed yet has no
    position and comes later. `last` is how far the chain was looked through: who asks again from
    there misses nothing."""
    size = checked_limit(limit)
    end = models.EventSeal.objects.aggregate(last=Max("position"))["last"] or 0
    found = models.EventSeal.objects.filter(position__gt=after_position, position__lte=end)
    if asked != TrailFilter():
        same = {name: OuterRef(of) for name, of in _OF_SEAL.items()}
        found = found.filter(Exists(_narrowed(models.Event.objects.filter(**same), asked)))
    columns = ("position", "hash", "sealed_at", "event_id", "occurred_at")
    seals = list(found.order_by("position").values(*columns)[: size + 1])
    shown = seals[:size]
    known = {event.id: event for event in _events_of(shown)}
    rows = tuple(
        SealedEvent(
            position=seal["position"],
            hash=seal["hash"],
            sealed_at=seal["sealed_at"],
            event=known[str(seal["event_id"])],
        )
        for seal in shown
    )
    more = len(seals) > size
    last = rows[-1].position if more else max(end, after_position)
    return EventPage(rows=rows, last=last, more=more, lag=seal_lag())


_OF_SEAL: Final = {"tenant_id": "tenant_id", "id": "event_id", "occurred_at": "occurred_at"}


def _events_of(seals: list[Any]) -> list[Event]:
    """The events of some seals; their times narrow the search to the partitions that hold them."""
    if not seals:
        return []
    times = [seal["occurred_at"] for seal in seals]
    found = models.Event.objects.filter(
        id__in=[seal["event_id"] for seal in seals], occurred_at__range=(min(times), max(times))
    )
    return confidential.shown([event_of(row) for row in found.values()])


def entry(event_id: UUID) -> TrailRow | None:
    """One event; None when this customer has no such event."""
    return next(iter(_rows(models.Event.objects.filter(id=event_id).values()[:1])), None)


def newest(customer_id: UUID, event_type: str) -> Event | None:
    """The newest event of this type about the customer himself."""
    found = models.Event.objects.filter(subject_id=customer_id, type=event_type)
    row = found.order_by("-occurred_at", "-id").values().first()
    return event_of(row) if row else None


def _narrowed(found: QuerySet[models.Event], asked: TrailFilter) -> QuerySet[models.Event]:
    if asked.since:
        found = found.filter(occurred_at__gte=asked.since)
    if asked.until:
        found = found.filter(occurred_at__lt=asked.until)
    if asked.about or asked.types:
        wanted = Q(type__in=asked.types)
        for family in asked.about:
            wanted |= Q(type__startswith=f"{family}.")
        found = found.filter(wanted)
    if asked.actor_kinds:
        found = found.filter(actor__kind__in=asked.actor_kinds)
    if asked.subject_id:
        found = found.filter(subject_id=asked.subject_id)
    if asked.actor:
        text = plain(asked.actor, "actor")
        found = found.filter(
            Q(actor__name__icontains=text)
            | Q(actor__id=text)
            | Q(on_behalf_of__name__icontains=text)
        )
    if asked.address:
        found = found.filter(source_address__startswith=plain(asked.address, "address"))
    return found


def _rows(found: Sequence[dict[str, Any]] | QuerySet[Any, Any]) -> list[TrailRow]:
    told = list(found)
    seals = models.EventSeal.objects.filter(event_id__in=[row["id"] for row in told])
    known = {
        event_id: (position, digest, sealed_at)
        for event_id, position, digest, sealed_at in seals.values_list(
            "event_id", "position", "hash", "sealed_at"
        )
    }
    events = confidential.shown([event_of(row) for row in told])
    return [
        TrailRow(
            event=event,
            position=known.get(row["id"], (None,))[0],
            hash=known[row["id"]][1] if row["id"] in known else "",
            sealed_at=known[row["id"]][2] if row["id"] in known else None,
            erased_at=row["erased_at"],
        )
        for event, row in zip(events, told, strict=True)
    ]


def _id(key: str) -> tuple[UUID]:
    return (UUID(key),)
