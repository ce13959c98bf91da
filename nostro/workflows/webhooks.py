"""Telling customers' programs what happened: at least once, signed, from sealed positions only.

1. What was sealed becomes deliveries, as a set, in one transaction with the position reached.
2. A delivery is taken by its timer, called outside any transaction, and its outcome written.
3. What fails is tried again for three days; then the address is switched off and somebody is told.
   Nothing is lost: a replay begins at any position.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
import structlog

from nostro.connectors.webhook_call import Called, Message
from nostro.domain.canonical import canonical
from nostro.domain.case import CaseKind, due_in
from nostro.domain.event import cloud_event, told_type
from nostro.domain.webhook import (
    OTHERS_WAIT_AT_MOST,
    DeliveryState,
    retry_at,
    wants,
)
from nostro.storage import cases, events, webhooks
from nostro.storage.cases import NewCase
from nostro.storage.rows import SealedEvent
from nostro.storage.tenancy import tenant
from nostro.storage.webhooks import DeliveryRow, EndpointRow, Sealed
from nostro.workflows import webhook_keys
from nostro.workflows.context import Acting
from nostro.workflows.wake import wake

log = structlog.get_logger()
PAGE = 2000
BATCH = 20
# Longer than a whole batch can take, so that two workers seldom have the same delivery.
TAKEN_FOR = timedelta(minutes=4)
# One address may keep a worker this long, then the others have their turn.
TURN = timedelta(seconds=30)


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """What one worker has taken: the address, its secrets, and what to tell."""

    endpoint: EndpointRow
    secrets: tuple[str, ...]
    deliveries: tuple[DeliveryRow, ...]
    told: dict[int, SealedEvent]


# From the log to deliveries.


def attend(acting: Acting) -> list[UUID]:
    """Make deliveries of everything sealed since, and wake each address that has some due."""
    with tenant(acting.tenant_id):
        waiting = webhooks.behind()
    for endpoint_id in waiting:
        while fan_out(acting, endpoint_id):
            pass
    with tenant(acting.tenant_id):
        due = webhooks.endpoints_due(acting.world.clock.now())
        for endpoint_id in due:
            wake("deliver_webhook", tenant_id=acting.tenant_id, endpoint_id=endpoint_id)
    return due


def fan_out(acting: Acting, endpoint_id: UUID) -> int:
    """Make the next page of sealed events into deliveries; returns how many events were read."""
    with tenant(acting.tenant_id):
        endpoint = webhooks.lock_endpoint(endpoint_id)
        if endpoint is None or endpoint.disabled_at is not None:
            return 0
        sealed = webhooks.sealed_after(endpoint.position, PAGE)
        if not sealed:
            return 0
        wanted = [one for one in sealed if wants(endpoint.event_types, told_type(one.type))]
        webhooks.insert(_delivery(acting, endpoint_id, one) for one in wanted)
        webhooks.update_endpoint(endpoint_id, position=sealed[-1].position)
        return len(sealed)


def _delivery(acting: Acting, endpoint_id: UUID, sealed: Sealed) -> DeliveryRow:
    now = acting.world.clock.now()
    return DeliveryRow(
        id=acting.world.ids.new(),
        endpoint_id=endpoint_id,
        event_id=sealed.event_id,
        sequence=sealed.position,
        type=told_type(sealed.type),
        state=DeliveryState.WAITING,
        tries=0,
        last_status=None,
        last_error="",
        next_action_at=now,
        created_at=now,
        delivered_at=None,
    )


# From deliveries to the address.


def deliver(acting: Acting, endpoint_id: UUID) -> int:
    """Make the calls to one address that are due; returns how many were taken there.

    What is left after its turn is still due: the tick wakes it again, behind the other addresses.
    """
    taken, now = 0, acting.world.clock.now
    ends_at = now() + TURN
    while now() < ends_at and (batch := _take(acting, endpoint_id)):
        done = _tell(acting, batch)
        taken += done
        if done < len(batch.deliveries):
            break  # What failed has a time of its own, and the rest may have been put off.
    return taken


def message_of(acting: Acting, sealed: SealedEvent) -> Message:
    """What is told of one event: the same bytes at every try, whoever builds them."""
    told = cloud_event(acting.tenant_id, sealed.position, sealed.hash, sealed.event)
    return Message(id=sealed.event.id, sequence=sealed.position, body=canonical(told))


def _take(acting: Acting, endpoint_id: UUID) -> Batch | None:
    now = acting.world.clock.now()
    with tenant(acting.tenant_id):
        endpoint = webhooks.endpoint(endpoint_id)
        if endpoint is None or endpoint.disabled_at is not None:
            return None
        rows = webhooks.take_due(endpoint_id, now, now + TAKEN_FOR, BATCH)
        if not rows:
            return None
        return Batch(
            endpoint=endpoint,
            secrets=webhook_keys.signing(acting, endpoint_id),
            deliveries=tuple(rows),
            told=webhooks.sealed_at([row.sequence for row in rows]),
        )


def _tell(acting: Acting, batch: Batch) -> int:
    """Call for each delivery of a batch, outside any transaction; returns how many were taken."""
    taken = 0
    for place, row in enumerate(batch.deliveries):
        message = message_of(acting, batch.told[row.sequence])
        called = acting.world.webhook_caller.call(
            batch.endpoint.url, message, batch.secrets, acting.world.clock.now()
        )
        with tenant(acting.tenant_id):
            if called.taken:
                webhooks.delivered(row.id, called.status, row.tries + 1, acting.world.clock.now())
                taken += 1
            elif not _failed(acting, batch, row, called, batch.deliveries[place + 1 :]):
                break
    return taken


def _failed(
    acting: Acting, batch: Batch, row: DeliveryRow, called: Called, rest: Sequence[DeliveryRow]
) -> bool:
    """Write a failed try down; False when nothing else may be told to this address now."""
    now, tries = acting.world.clock.now(), row.tries + 1
    again_at = retry_at(row.id, tries, row.created_at, now)
    said = called.said if called.status is None else f"{called.status} {called.said}".rstrip()
    webhooks.failed(row.id, tries=tries, status=called.status, said=said, again_at=again_at)
    # Without an answer the words are our own; an answer's are the receiver's, and stay out.
    why = {} if called.status is not None else {"why": said}
    log.info(
        "webhook_failed",
        endpoint=str(row.endpoint_id),
        tries=tries,
        status=called.status,
        **why,
    )
    if called.is_gone:
        switch_off(acting, batch.endpoint, "the other side wants no more calls (410 Gone)")
        return False
    if again_at is None:
        switch_off(acting, batch.endpoint, f"event {row.event_id} was refused for days: {said}")
        return False
    if called.others_would_fail_too:
        until = min(again_at, now + OTHERS_WAIT_AT_MOST)
        webhooks.put_off(row.endpoint_id, [other.id for other in rest], until)
        return False
    return True


def switch_off(acting: Acting, endpoint: EndpointRow, because: str) -> None:
    """An address that does not work any more: nothing is lost, and somebody must look."""
    if not turn_off(acting, endpoint.id, because):
        return
    now = acting.world.clock.now()
    case = NewCase(
        id=acting.world.ids.new(),
        kind=CaseKind.CONNECTION,
        natural_key=f"webhook/{endpoint.id}/{now.isoformat()}",
        sentence=f"{endpoint.url} is not told of events any more: {because}.",
        can_do="Repair the program there, then replay from the last position it has.",
        due_at=now + due_in(CaseKind.CONNECTION),
    )
    cases.open_all([case], now)


def turn_off(acting: Acting, endpoint_id: UUID, because: str) -> bool:
    """Switch an address off and set its deliveries aside, in the open unit of work; False when it
    was off already."""
    locked = webhooks.lock_endpoint(endpoint_id)
    if locked is None or locked.disabled_at is not None:
        return False
    now: datetime = acting.world.clock.now()
    webhooks.update_endpoint(endpoint_id, disabled_at=now, disabled_because=because)
    waiting = webhooks.set_aside(endpoint_id)
    told = acting.event(
        "webhook.switched_off",
        "webhook_endpoint",
        endpoint_id,
        url=locked.url,
        because=because,
        position=locked.position,
        set_aside=waiting,
    )
    events.record([told])
    return True
