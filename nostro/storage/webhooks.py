"""Addresses that are told of events, and their deliveries, as stored: made and taken as sets."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db.models import Q, QuerySet

from nostro.domain.webhook import DELIVERY, DeliveryMove, DeliveryState
from nostro.storage import bulk, confidential, models, queries
from nostro.storage.events import event_of
from nostro.storage.paging import LIMIT_DEFAULT, Page, checked_limit, key_of, page_of
from nostro.storage.rows import SealedEvent, build, columns
from nostro.storage.tenancy import Sight, current, seeing


class EndpointRow(msgspec.Struct, frozen=True, kw_only=True):
    """An address. `position` is the last sealed position made into deliveries for it."""

    id: UUID
    url: str
    description: str
    event_types: tuple[str, ...]
    position: int
    created_by: str
    created_at: datetime
    disabled_at: datetime | None = None
    disabled_because: str = ""


class DeliveryRow(msgspec.Struct, frozen=True, kw_only=True):
    """One event for one address. `created_at` is since when it is tried."""

    id: UUID
    endpoint_id: UUID
    event_id: UUID
    sequence: int
    type: str
    state: DeliveryState
    tries: int
    last_status: int | None
    last_error: str
    next_action_at: datetime | None
    created_at: datetime
    delivered_at: datetime | None


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to tell for one customer: is a call of his programs due, or a notice to one of
    his payees, and how far is his log sealed?"""

    tenant_id: UUID
    due: bool
    notice_due: bool
    sealed: int


class Sealed(msgspec.Struct, frozen=True, kw_only=True):
    """A sealed event, as little of it as making its deliveries needs."""

    position: int
    event_id: UUID
    type: str


# Addresses.


def add_endpoint(row: EndpointRow) -> bool:
    """Add an address; False when it is told already, by another request of this moment too."""
    told = {**msgspec.structs.asdict(row), "event_types": list(row.event_types)}
    return bulk.insert(models.WebhookEndpoint, [{**told, "tenant_id": current()}]) == 1


def endpoints() -> list[EndpointRow]:
    """Every address of the customer, the newest first, those switched off too."""
    return [_endpoint(row) for row in models.WebhookEndpoint.objects.order_by("-id")]


def endpoint(endpoint_id: UUID) -> EndpointRow | None:
    row = models.WebhookEndpoint.objects.filter(id=endpoint_id).first()
    return _endpoint(row) if row else None


def lock_endpoint(endpoint_id: UUID) -> EndpointRow | None:
    row = models.WebhookEndpoint.objects.select_for_update().filter(id=endpoint_id).first()
    return _endpoint(row) if row else None


def is_told(url: str) -> bool:
    """Is this address told of events already?"""
    return models.WebhookEndpoint.objects.filter(url=url, disabled_at__isnull=True).exists()


def update_endpoint(endpoint_id: UUID, **changes: Any) -> None:
    models.WebhookEndpoint.objects.filter(id=endpoint_id).update(**changes)


def behind() -> list[UUID]:
    """The addresses for which events were sealed that no deliveries were made of yet."""
    rows = models.WebhookEndpoint.objects.filter(disabled_at__isnull=True, position__lt=sealed())
    return list(rows.order_by("id").values_list("id", flat=True))


def _endpoint(row: models.WebhookEndpoint) -> EndpointRow:
    told = {name: getattr(row, name) for name in EndpointRow.__struct_fields__}
    return EndpointRow(**{**told, "event_types": tuple(row.event_types)})


# What is told.


def sealed() -> int:
    """The last sealed position of the customer, 0 when there is none."""
    found = queries.rows("last_seal", tenant_id=current())
    return int(found[0]["position"]) if found else 0


def sealed_after(position: int, limit: int) -> list[Sealed]:
    found = queries.rows("sealed_types", tenant_id=current(), after=position, limit=limit)
    return [Sealed(**row) for row in found]


def sealed_at(positions: Collection[int]) -> dict[int, SealedEvent]:
    """The sealed events at these positions, as programs are told them: nobody knows who reads
    what an address is told, so nothing confidential is in it, ever."""
    found = queries.rows("sealed_at", tenant_id=current(), positions=list(positions))
    with seeing(Sight.OPEN):
        told = confidential.shown([event_of(row) for row in found])
    return {
        row["position"]: SealedEvent(
            position=row["position"], hash=row["hash"], sealed_at=row["sealed_at"], event=event
        )
        for row, event in zip(found, told, strict=True)
    }


# Deliveries.


def work(now: datetime) -> list[Work]:
    """What there is to do for each customer; as nostro_ops, before a customer is chosen."""
    return [Work(**row) for row in queries.rows("webhook_work", using="ops", now=now)]


def insert(rows: Iterable[DeliveryRow]) -> int:
    """Insert deliveries as one set; returns how many were new: each position counts once."""
    tenant_id = current()
    return bulk.insert(
        models.WebhookDelivery,
        (
            {**msgspec.structs.asdict(row), "state": row.state.value, "tenant_id": tenant_id}
            for row in rows
        ),
    )


def endpoints_due(now: datetime) -> list[UUID]:
    """The addresses with a delivery whose time has come."""
    rows = models.WebhookDelivery.objects.filter(next_action_at__lte=now)
    return sorted(set(rows.values_list("endpoint_id", flat=True)))


def take_due(
    endpoint_id: UUID, now: datetime, taken_until: datetime, limit: int
) -> list[DeliveryRow]:
    """Take deliveries of one address whose time has come, and nobody else's turn meanwhile."""
    rows = list(
        models.WebhookDelivery.objects.select_for_update(skip_locked=True)
        .filter(endpoint_id=endpoint_id, next_action_at__lte=now, state=DeliveryState.WAITING)
        .order_by("next_action_at", "sequence")[:limit]
    )
    taken = models.WebhookDelivery.objects.filter(id__in=[row.id for row in rows])
    taken.update(next_action_at=taken_until)
    return [_delivery(row) for row in rows]


def delivered(delivery_id: UUID, status: int | None, tries: int, now: datetime) -> None:
    """Somebody took it. Whatever else happened to it meanwhile, it need not be sent again."""
    _may(DeliveryMove.DELIVER).filter(id=delivery_id).update(
        state=DeliveryState.DELIVERED,
        delivered_at=now,
        next_action_at=None,
        last_status=status,
        last_error="",
        tries=tries,
    )


def failed(
    delivery_id: UUID, *, tries: int, status: int | None, said: str, again_at: datetime | None
) -> None:
    """A try failed; one that another try delivered meanwhile stays delivered."""
    _may(DeliveryMove.DELIVER).filter(id=delivery_id).update(
        tries=tries, last_status=status, last_error=said, next_action_at=again_at
    )


def put_off(endpoint_id: UUID, taken: Collection[UUID], until: datetime) -> None:
    """Let what is due of an address earlier wait until then, and what was taken but not tried."""
    waiting = models.WebhookDelivery.objects.filter(
        endpoint_id=endpoint_id, state=DeliveryState.WAITING
    )
    earlier = Q(next_action_at__lt=until) | Q(id__in=taken)
    waiting.filter(earlier).update(next_action_at=until)


def set_aside(endpoint_id: UUID) -> int:
    """Nothing of an address is tried any more; returns how many events wait for a replay."""
    rows = _may(DeliveryMove.SET_ASIDE).filter(endpoint_id=endpoint_id)
    return rows.update(state=DeliveryState.SET_ASIDE, next_action_at=None)


def replay(endpoint_id: UUID, from_position: int, now: datetime) -> int:
    """Make what an address was to be told from a position on due again, and all that it missed
    before it was switched off; returns how many."""
    wanted = Q(sequence__gte=from_position) | Q(state=DeliveryState.SET_ASIDE)
    rows = _may(DeliveryMove.REPLAY).filter(wanted, endpoint_id=endpoint_id)
    return rows.update(
        state=DeliveryState.WAITING,
        tries=0,
        created_at=now,
        next_action_at=now,
        delivered_at=None,
        last_status=None,
        last_error="",
    )


def deliveries(
    endpoint_id: UUID, *, state: str = "", limit: int = LIMIT_DEFAULT, cursor: str = ""
) -> Page[DeliveryRow]:
    """What an address was told, the newest first."""
    size = checked_limit(limit)
    rows = models.WebhookDelivery.objects.filter(endpoint_id=endpoint_id).order_by("-sequence")
    if state:
        rows = rows.filter(state=state)
    if cursor:
        (before,) = key_of("deliveries", cursor, lambda text: (int(text),))
        rows = rows.filter(sequence__lt=before)
    found = [build(DeliveryRow, row) for row in rows.values(*columns(DeliveryRow))[: size + 1]]
    return page_of("deliveries", found, size, lambda row: (str(row.sequence),))


def _may(move: DeliveryMove) -> QuerySet[models.WebhookDelivery]:
    """The deliveries whose table allows a move."""
    return models.WebhookDelivery.objects.filter(state__in=DELIVERY.sources(move))


def _delivery(row: models.WebhookDelivery) -> DeliveryRow:
    told = {name: getattr(row, name) for name in DeliveryRow.__struct_fields__}
    return DeliveryRow(**{**told, "state": DeliveryState(row.state)})
