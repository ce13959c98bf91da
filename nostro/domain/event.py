"""The one log: every change of the business, who did it and why. Audit trail, outbox and trace."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Who did it. `kind` is person, api_key, job or bank."""

    kind: str
    id: str
    name: str


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """What an event says about the request it came from, besides its actor; empty when unknown.

    `on_behalf_of` is for whom the actor acts, `reason` the words he gave, `trace_id` that of the
    request or job, `source_address` the address it came from.
    """

    on_behalf_of: Actor | None = None
    reason: str = ""
    trace_id: str = ""
    source_address: str = ""


NOWHERE = Origin()


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One immutable event. `subject` is what changed, `data` says how (no floats, no secrets)."""

    id: str
    type: str
    subject_kind: str
    subject_id: str
    actor: Actor
    occurred_at: datetime
    data: dict[str, Any]
    origin: Origin = NOWHERE


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
    origin: Origin = NOWHERE


class Seal(msgspec.Struct, frozen=True, kw_only=True):
    """Where an event stands in its customer's chain, and the hash that pins all before it.

    `commitment` stands for what may be erased; "" in entries sealed before there were any.
    """

    position: int
    event_id: str
    previous_hash: str
    hash: str
    commitment: str = ""


def cloud_event(tenant_id: UUID, position: int, sealhash: str, event: Event) -> dict[str, Any]:
    """A sealed event as programs are told it, by /v1/events and by webhooks alike.

    CloudEvents 1.0.2 in JSON. `position`, `sealhash` and `onbehalfof` are extension attributes of
    ours; who did it and in which trace are told by the extensions made for that (Auth Context,
    Distributed Tracing). The address it came from, and free words, are told to nobody outside.
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
        **_origin_told(event),
        "data": {"actor": msgspec.to_builtins(event.actor), "detail": event.data},
    }


# What an actor is called by the Auth Context extension; a bank is a program that is known to us.
_AUTH_TYPES = {"person": "app_user", "api_key": "api_key", "bank": "service_account"}


def _origin_told(event: Event) -> dict[str, str]:
    """Who did it, for whom and in which trace; what is unknown is left out.

    The event itself is the span of its trace (W3C Trace Context, section 3.2.2): its id's last
    eight bytes, which a version 7 UUID never leaves empty.
    """
    told = {"authtype": _AUTH_TYPES.get(event.actor.kind, "system"), "authid": event.actor.id}
    if event.origin.on_behalf_of:
        told["onbehalfof"] = event.origin.on_behalf_of.id
    if event.origin.trace_id:
        span = event.id.replace("-", "")[-16:]
        told["traceparent"] = f"00-{event.origin.trace_id}-{span}-00"
    return told


# What events can be about; the first word of their type.
FAMILIES = (
    *("account", "api_key", "attempt", "audit", "case", "change_request", "check"),
    *("check_exception", "connection", "credit_note", "customer", "debtors"),
    *("entity", "evidence", "freeze", "intraday_report", "journal", "match", "message", "netting"),
    *("open_items", "order"),
    *("payee", "payee_change", "person", "run", "saved_filter", "statement", "submission"),
    *("transaction", "webhook"),
)


def told_type(event_type: str) -> str:
    """The name by which programs outside know a type of event."""
    return f"nostro.{event_type}"
