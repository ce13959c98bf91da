"""The one log: every change of the business, who did it and why. Audit trail, outbox and trace."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from nostro.domain.canonical import canonical, digest_of_bytes


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Who did it. `kind` is person, api_key, job or bank."""

    kind: str
    id: str
    name: str


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One immutable event. `subject` is what changed, `data` says how (no floats, no secrets)."""

    id: str
    type: str
    subject_kind: str
    subject_id: str
    actor: Actor
    occurred_at: datetime
    data: dict[str, Any]


class Alike(msgspec.Struct, frozen=True, kw_only=True):
    """The same thing that happened to many subjects at once: an event about each of them.

    `ids` are the events', in the order of `subjects`. `said` is what all of them say; `own`, when
    there is any, what each says besides.
    """

    type: str
    subject_kind: str
    actor: Actor
    occurred_at: datetime
    ids: Sequence[UUID]
    subjects: Sequence[UUID]
    said: dict[str, Any]
    own: Sequence[dict[str, Any]] = ()


class Seal(msgspec.Struct, frozen=True, kw_only=True):
    """Where an event stands in its customer's chain, and the hash that pins all before it."""

    position: int
    event_id: str
    previous_hash: str
    hash: str


GENESIS = "0" * 64


def chain_hash(position: int, previous_hash: str, event: Event) -> str:
    """SHA-256 over position, previous hash and the event's canonical bytes."""
    head = canonical({"position": position, "previous_hash": previous_hash})
    return digest_of_bytes(head + b"\n" + canonical(event))


def cloud_event(tenant_id: UUID, position: int, sealhash: str, event: Event) -> dict[str, Any]:
    """A sealed event as programs are told it, by /v1/events and by webhooks alike.

    CloudEvents 1.0.2 in JSON. `position` and `sealhash` are extension attributes.
    """
    return {
        "specversion": "1.0",
        "id": event.id,
        "source": f"urn:nostro:customer:{tenant_id}",
        "type": told_type(event.type),
        "subject": f"{event.subject_kind}/{event.subject_id}",
        "time": event.occurred_at,
        "datacontenttype": "application/json",
        "position": position,
        "sealhash": sealhash,
        "data": {"actor": msgspec.to_builtins(event.actor), "detail": event.data},
    }


# What events can be about; the first word of their type.
FAMILIES = (
    *("account", "attempt", "case", "connection", "customer", "entity", "evidence"),
    *("freeze", "journal", "match", "message", "open_items", "order", "payee_change", "person"),
    *("run", "saved_filter", "statement", "submission", "transaction", "webhook"),
)


def told_type(event_type: str) -> str:
    """The name by which programs outside know a type of event."""
    return f"nostro.{event_type}"
