"""The one log, as stored: append in the change's own transaction, read, erase, seal in order."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db import connections, transaction

from nostro.domain import audit_chain
from nostro.domain.audit_chain import GENESIS, Tree
from nostro.domain.canonical import canonical
from nostro.domain.event import Actor, Alike, Event, Origin, Seal
from nostro.storage import bulk, confidential, queries
from nostro.storage.models import Event as EventRow
from nostro.storage.tenancy import current

SEAL_LOCK = 0x6E6F7374  # "nost": PostgreSQL advisory lock class of the sealer.
PAGE = 2000


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """One place of the chain: its seal, its event, and what opens the event's commitment.

    `event` is None when it is gone. `key` is empty when the content was erased, and in entries of
    version 1, which have none.
    """

    seal: Seal
    event: Event | None
    key: bytes
    erased_at: datetime | None


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """The tree over the chain as it was written down after a position; `root` in hexadecimal."""

    position: int
    entries: int
    root: str


def record(events: Sequence[Event]) -> None:
    """Append events inside the open unit of work. Raises TypeError for data that holds a float:
    it has no canonical form, so it could never be sealed."""
    if events:
        text = canonical(list(events)).decode()
        queries.run("record_events", tenant_id=current(), events=text)


def record_alike(happened: Alike) -> None:
    """Append an event about each of many subjects; the same as `record` of them, at less cost."""
    if happened.subjects:
        origin = happened.origin
        for_whom = origin.on_behalf_of
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
            on_behalf_of=canonical(for_whom).decode() if for_whom else None,
            reason=origin.reason,
            trace_id=origin.trace_id,
            source_address=origin.source_address,
        )


def about(subjects: Sequence[UUID], limit: int = 500) -> tuple[Event, ...]:
    """Events of any of these subjects, oldest first, at most `limit`; as whoever looks may see."""
    found = EventRow.objects.filter(subject_id__in=subjects).order_by("occurred_at", "id")
    return tuple(confidential.shown([event_of(row) for row in found.values()[:limit]]))


def ids_about(subject: UUID) -> list[UUID]:
    """Every event of this subject, however many there are."""
    return list(EventRow.objects.filter(subject_id=subject).values_list("id", flat=True))


def of_ids(ids: Collection[UUID]) -> tuple[Event, ...]:
    """These events, oldest first."""
    found = EventRow.objects.filter(id__in=ids).order_by("occurred_at", "id")
    return tuple(event_of(row) for row in found.values())


def of_types(types: Collection[str]) -> tuple[Event, ...]:
    """Every event of these types, oldest first."""
    found = EventRow.objects.filter(type__in=types).order_by("occurred_at", "id")
    return tuple(event_of(row) for row in found.values())


def last_actors(subjects: Collection[UUID], types: Collection[str]) -> dict[str, str]:
    """Who last did something of these types to each subject, by name."""
    found = EventRow.objects.filter(subject_id__in=subjects, type__in=types)
    last = found.order_by("subject_id", "-occurred_at", "-id").distinct("subject_id")
    return {str(subject): name for subject, name in last.values_list("subject_id", "actor__name")}


def erase(ids: Collection[UUID], now: datetime) -> frozenset[UUID]:
    """Empty events for good, with the keys of their commitments; returns those that were.

    The others are not sealed yet, were sealed before there were keys, are empty already, or explain
    the chain itself. The caller records what was erased: see workflows/erasing.
    """
    found = queries.rows("erase_events", tenant_id=current(), ids=list(ids), now=now)
    return frozenset(row["id"] for row in found)


def waiting() -> list[tuple[UUID, int]]:
    """Customers with unsealed events and how many; as nostro_ops, before a customer is chosen."""
    found = queries.rows("unsealed_customers", using="ops")
    return [(row["tenant_id"], row["waiting"]) for row in found]


def seal(tenant_id: UUID, now: datetime, limit: int = PAGE) -> int:
    """Seal the next events of one customer; returns how many. One sealer per customer at a time."""
    with transaction.atomic(using="ops"):
        if not lock_chain(tenant_id):
            return 0
        rows = queries.rows("unsealed_events", using="ops", tenant_id=tenant_id, limit=limit)
        if rows:
            _write(tenant_id, rows, now)
        return len(rows)


def seal_waiting(tenant_id: UUID, now: datetime) -> int:
    """Seal all that waits of one customer, after whoever is sealing now; returns how many."""
    sealed = 0
    with transaction.atomic(using="ops"):
        wait_for_chain(tenant_id)
        while made := seal(tenant_id, now):
            sealed += made
    return sealed


def _write(tenant_id: UUID, rows: list[dict[str, Any]], now: datetime) -> None:
    last = queries.rows("last_seal", using="ops", tenant_id=tenant_id)
    position, tail = (last[0]["position"], last[0]["hash"]) if last else (0, GENESIS)
    tree = _tree(tenant_id)
    floor = queries.rows("log_floor", using="ops", tenant_id=tenant_id)
    position = max(position, floor[0]["log_floor"] if floor else 0)
    seals: list[dict[str, Any]] = []
    for row in rows:
        event, position = event_of(row), position + 1
        committed, head = _hashes(position, tail, event, row["commitment_key"])
        seals.append(
            {
                "position": position,
                "event_id": event.id,
                "occurred_at": event.occurred_at.isoformat(),
                "previous_hash": tail,
                "hash": head,
                "commitment": committed,
            }
        )
        tail = head
    tree.add(bytes.fromhex(one["hash"]) for one in seals)
    text = msgspec.json.encode(seals).decode()
    queries.run("write_seals", using="ops", tenant_id=tenant_id, seals=text, sealed_at=now)
    queries.run(
        "write_seal_batch",
        using="ops",
        tenant_id=tenant_id,
        position=position,
        entries=tree.entries,
        root=tree.root().hex(),
        peaks=msgspec.json.encode([peak.hex() for peak in tree.peaks]).decode(),
        sealed_at=now,
    )


def _hashes(position: int, tail: str, event: Event, key: UUID | None) -> tuple[str, str]:
    """The commitment and the hash of an entry; an event without a key is sealed as version 1."""
    if key is None:
        return "", audit_chain.chain_hash(position, tail, event)
    committed = audit_chain.commitment(key.bytes, audit_chain.content(event))
    entry = audit_chain.entry(position, tail, event, committed)
    return committed, audit_chain.entry_hash(entry)


def _tree(tenant_id: UUID) -> Tree:
    """The tree over the whole chain so far; seals older than the first tree are added now."""
    last = queries.rows("last_seal_batch", using="ops", tenant_id=tenant_id)
    tree, after = Tree(), 0
    if last:
        peaks = plain(last[0]["peaks"])
        tree, after = audit_chain.tree_of(last[0]["entries"], peaks), last[0]["position"]
    older = queries.rows("seal_hashes", using="ops", tenant_id=tenant_id, after=after)
    tree.add(bytes.fromhex(row["hash"]) for row in older)
    return tree


def tree(tenant_id: UUID) -> tuple[int, str, Tree]:
    """Position, head and tree of one customer's chain as it is now; as nostro_ops."""
    last = queries.rows("last_seal", using="ops", tenant_id=tenant_id)
    if not last:
        return 0, GENESIS, Tree()
    return last[0]["position"], last[0]["hash"], _tree(tenant_id)


def links(after: int = 0) -> Iterator[Link]:
    """The chain of the current customer after a position, in order."""
    while page := queries.rows("sealed_events", tenant_id=current(), after=after, limit=PAGE):
        yield from map(link_of, page)
        after = page[-1]["position"]


def link_at(position: int) -> Link | None:
    """One place of the chain of the current customer; None when there is no such position."""
    found = queries.rows("sealed_events", tenant_id=current(), after=position - 1, limit=1)
    return link_of(found[0]) if found and found[0]["position"] == position else None


def link_of(row: Mapping[str, Any]) -> Link:
    key = row["commitment_key"]
    return Link(
        seal=Seal(
            position=row["position"],
            event_id=str(row["event_id"]),
            previous_hash=row["previous_hash"],
            hash=row["hash"],
            commitment=row["commitment"],
        ),
        event=event_of(row) if row["id"] else None,
        key=key.bytes if key else b"",
        erased_at=row["erased_at"],
    )


def chain() -> Iterator[tuple[Seal, Event | None]]:
    """The whole chain of the current customer in order; None where the event is gone."""
    return ((link.seal, link.event) for link in links())


def batches() -> list[Batch]:
    """The trees over the current customer's chain that sealing has written down, in order."""
    return [Batch(**row) for row in queries.rows("seal_batches", tenant_id=current())]


def floors() -> frozenset[int]:
    """The positions after which the log of the current customer went on, as restores have said."""
    found = queries.rows("log_floors", tenant_id=current())
    return frozenset(row["log_floor"] for row in found)


def outside_chain() -> int:
    """How many events are neither sealed nor waiting: always 0 unless somebody tampered."""
    return int(queries.rows("events_outside_chain", tenant_id=current())[0]["strays"])


def event_of(row: Mapping[str, Any]) -> Event:
    for_whom = plain(row["on_behalf_of"])
    return Event(
        id=str(row["id"]),
        type=row["type"],
        subject_kind=row["subject_kind"],
        subject_id=str(row["subject_id"]),
        actor=Actor(**plain(row["actor"])),
        occurred_at=row["occurred_at"],
        data=plain(row["data"]),
        origin=Origin(
            on_behalf_of=Actor(**for_whom) if for_whom else None,
            reason=row["reason"],
            trace_id=row["trace_id"],
            source_address=row["source_address"],
        ),
    )


def plain(value: Any) -> Any:
    return msgspec.json.decode(value) if isinstance(value, str) else value


def lock_chain(tenant_id: UUID) -> bool:
    """Be the only one who appends to a customer's chain, until the open transaction ends."""
    with connections["ops"].cursor() as cursor:
        cursor.execute(
            "SELECT pg_try_advisory_xact_lock(%s, hashtext(%s))", [SEAL_LOCK, str(tenant_id)]
        )
        (got,) = cursor.fetchone()
    return bool(got)


def wait_for_chain(tenant_id: UUID) -> None:
    """The same, after whoever appends to it now."""
    with connections["ops"].cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [SEAL_LOCK, str(tenant_id)]
        )
