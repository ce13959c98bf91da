"""The one log, as stored: append in the change's own transaction, read, and seal in order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db import connections, transaction

from nostro.domain.canonical import canonical
from nostro.domain.event import GENESIS, Actor, Alike, Event, Seal, chain_hash
from nostro.storage import bulk, queries
from nostro.storage.models import Event as EventRow
from nostro.storage.tenancy import current

SEAL_LOCK = 0x6E6F7374  # "nost": PostgreSQL advisory lock class of the sealer.
PAGE = 2000


def record(events: Sequence[Event]) -> None:
    """Append events inside the open unit of work. Raises TypeError for data that holds a float:
    it has no canonical form, so it could never be sealed."""
    if events:
        text = canonical(list(events)).decode()
        queries.run("record_events", tenant_id=current(), events=text)


def record_alike(happened: Alike) -> None:
    """Append an event about each of many subjects; the same as `record` of them, at less cost."""
    if happened.subjects:
        queries.run(
            "record_alike",
            tenant_id=current(),
            occurred_at=happened.occurred_at,
            type=happened.type,
            subject_kind=happened.subject_kind,
            actor=canonical(happened.actor).decode(),
            said=canonical(happened.said).decode(),
            ids=bulk.ids_literal(happened.ids),
            subjects=bulk.ids_literal(happened.subjects),
            own=canonical(list(happened.own)).decode(),
        )


def about(subjects: Sequence[UUID], limit: int = 500) -> tuple[Event, ...]:
    """Events of any of these subjects, oldest first, at most `limit`."""
    found = EventRow.objects.filter(subject_id__in=subjects).order_by("occurred_at", "id")[:limit]
    return tuple(
        Event(
            id=str(row.id),
            type=row.type,
            subject_kind=row.subject_kind,
            subject_id=str(row.subject_id),
            actor=msgspec.convert(row.actor, Actor),
            occurred_at=row.occurred_at,
            data=row.data,
        )
        for row in found
    )


def waiting() -> list[tuple[UUID, int]]:
    """Customers with unsealed events and how many; as nostro_ops, before a customer is chosen."""
    found = queries.rows("unsealed_customers", using="ops")
    return [(row["tenant_id"], row["waiting"]) for row in found]


def seal(tenant_id: UUID, now: datetime, limit: int = PAGE) -> int:
    """Seal the next events of one customer; returns how many. One sealer per customer at a time."""
    with transaction.atomic(using="ops"):
        if not _lock(tenant_id):
            return 0
        last = queries.rows("last_seal", using="ops", tenant_id=tenant_id)
        position, tail = (last[0]["position"], last[0]["hash"]) if last else (0, GENESIS)
        floor = queries.rows("log_floor", using="ops", tenant_id=tenant_id)
        position = max(position, floor[0]["log_floor"] if floor else 0)
        seals: list[dict[str, Any]] = []
        for row in queries.rows("unsealed_events", using="ops", tenant_id=tenant_id, limit=limit):
            event = event_of(row)
            position += 1
            head = chain_hash(position, tail, event)
            seals.append(
                {
                    "position": position,
                    "event_id": event.id,
                    "occurred_at": event.occurred_at.isoformat(),
                    "previous_hash": tail,
                    "hash": head,
                }
            )
            tail = head
        if seals:
            text = msgspec.json.encode(seals).decode()
            queries.run("write_seals", using="ops", tenant_id=tenant_id, seals=text, sealed_at=now)
        return len(seals)


def chain() -> Iterator[tuple[Seal, Event | None]]:
    """The whole chain of the current customer in order; None where the event is gone."""
    after = 0
    while page := queries.rows("sealed_events", tenant_id=current(), after=after, limit=PAGE):
        for row in page:
            seal_row = Seal(
                position=row["position"],
                event_id=str(row["event_id"]),
                previous_hash=row["previous_hash"],
                hash=row["hash"],
            )
            yield seal_row, event_of(row) if row["id"] else None
        after = page[-1]["position"]


def floors() -> frozenset[int]:
    """The positions after which the log of the current customer went on, as restores have said."""
    found = queries.rows("log_floors", tenant_id=current())
    return frozenset(row["log_floor"] for row in found)


def outside_chain() -> int:
    """How many events are neither sealed nor waiting: always 0 unless somebody tampered."""
    return int(queries.rows("events_outside_chain", tenant_id=current())[0]["strays"])


def event_of(row: dict[str, Any]) -> Event:
    return Event(
        id=str(row["id"]),
        type=row["type"],
        subject_kind=row["subject_kind"],
        subject_id=str(row["subject_id"]),
        actor=msgspec.convert(_plain(row["actor"]), Actor),
        occurred_at=row["occurred_at"],
        data=_plain(row["data"]),
    )


def _plain(value: Any) -> Any:
    return msgspec.json.decode(value) if isinstance(value, str) else value


def _lock(tenant_id: UUID) -> bool:
    with connections["ops"].cursor() as cursor:
        cursor.execute(
            "SELECT pg_try_advisory_xact_lock(%s, hashtext(%s))", [SEAL_LOCK, str(tenant_id)]
        )
        (got,) = cursor.fetchone()
    return bool(got)
