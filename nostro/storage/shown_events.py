"""Some events of a customer's chain, and what proves that they stand in it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any
from uuid import UUID

import msgspec

from nostro.domain import audit_chain
from nostro.domain.audit_chain import Tree
from nostro.domain.audit_statement import Signed
from nostro.domain.event import Event
from nostro.storage import audit_statements, bulk, events, models, queries
from nostro.storage.events import Link
from nostro.storage.tenancy import current

PAGE = 1000
HASHES = 20_000


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """An event and where it stands in the chain; `position` 0: it waits for its seal."""

    id: UUID
    type: str
    subject_id: UUID
    actor_id: str
    position: int
    emptied: bool


def places(subjects: Collection[UUID]) -> list[Place]:
    """Every event about these things, oldest first."""
    told = bulk.ids_literal(subjects)
    found = queries.rows("events_of_subjects", tenant_id=current(), subjects=told)
    return [Place(**{**row, "position": row["position"] or 0}) for row in found]


def positions_of(event_ids: Collection[UUID]) -> dict[UUID, int]:
    """Where these events stand in the chain, of those that are sealed."""
    found = models.EventSeal.objects.filter(bulk.one_of("event_id", event_ids))
    return dict(found.values_list("event_id", "position"))


def unsealed(event_ids: Collection[UUID]) -> list[Event]:
    rows = models.Event.objects.filter(bulk.one_of("id", event_ids)).order_by("occurred_at", "id")
    return [events.event_of(row) for row in rows.values()]


def links_at(positions: Sequence[int]) -> Iterator[Link]:
    """The chain's entries at these positions, which are in order."""
    for start in range(0, len(positions), PAGE):
        page = list(positions[start : start + PAGE])
        rows = queries.rows("sealed_events_at", tenant_id=current(), positions=page)
        yield from map(events.link_of, rows)


def hashes(after: int, until: int) -> Iterator[tuple[int, bytes]]:
    """Position and hash of every entry after one position and up to another."""
    told: dict[str, Any] = {"tenant_id": current(), "until": until, "limit": HASHES}
    while page := queries.rows("seal_hash_page", after=after, **told):
        for row in page:
            yield row["position"], bytes.fromhex(row["hash"])
        after = page[-1]["position"]


def tree_before(position: int) -> tuple[int, Tree]:
    """The last tree that was written down before a position, and up to where it reaches."""
    found = queries.rows("seal_batch_before", tenant_id=current(), position=position)
    if not found:
        return 0, Tree()
    peaks = events.plain(found[0]["peaks"])
    return found[0]["position"], audit_chain.tree_of(found[0]["entries"], peaks)


def erasures(event_ids: Collection[str]) -> list[int]:
    """The positions of the entries that say that any of these events were emptied."""
    found = queries.rows("erasures_of_events", tenant_id=current(), ids=list(event_ids))
    return [row["position"] for row in found]


def checkpoint(position: int, number: int = 0) -> Signed | None:
    """The first checkpoint that covers a position, or that of this number; None: there is none."""
    found = queries.rows(
        "audit_checkpoint_covering", tenant_id=current(), position=position, number=number
    )
    return audit_statements.signed(found[0]) if found else None


def last_checkpoint() -> Signed | None:
    """The newest checkpoint, which covers as much as is covered."""
    found = queries.rows("audit_checkpoint_last", tenant_id=current())
    return audit_statements.signed(found[0]) if found else None


def key_changes() -> list[Signed]:
    found = queries.rows("audit_key_changes", tenant_id=current())
    return [audit_statements.signed(row) for row in found]
