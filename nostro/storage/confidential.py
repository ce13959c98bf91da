"""What is confidential among what is read, and what everybody may know of it all the same.

That single payments stay hidden is the database's affair (see nostro.storage.tenancy); here is what
is left to say: which events are told without their content, and the totals of each run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime
from itertools import groupby
from typing import Any, Final
from uuid import UUID

import msgspec

from nostro.domain.event import Event
from nostro.domain.money import Money
from nostro.domain.order import OrderState
from nostro.domain.policies import confidential as policy
from nostro.storage import queries
from nostro.storage.tenancy import Sight, current, seeing, sight

ROWS_READ: Final = 2000  # Of runs, states and currencies: the newest.
ALONE: Final = 1  # The total of one payment would be its amount.


class ConfidentialTotal(msgspec.Struct, frozen=True, kw_only=True):
    """One confidential run, or the confidential payments that a source handed in on one day.

    `totals` are left out where they would tell a single amount.
    """

    run_id: UUID | None
    source: str
    reference: str
    received_at: datetime
    first_day: date
    last_day: date
    count: int
    states: dict[OrderState, int]
    totals: tuple[Money, ...]


_noted: ContextVar[set[tuple[str, UUID]] | None] = ContextVar("noted", default=None)


@contextmanager
def noting() -> Iterator[set[tuple[str, UUID]]]:
    """Collect what is shown inside, as (kind, id), so that it can be told in one event."""
    noted: set[tuple[str, UUID]] = set()
    token = _noted.set(noted)
    try:
        yield noted
    finally:
        _noted.reset(token)


def note(kind: str, ids: Iterable[UUID]) -> None:
    """These are shown to whoever looks; said where rows are made for people and programs."""
    noted = _noted.get()
    if noted is not None and sight() is Sight.WHOLE:
        noted.update((kind, one) for one in ids)


def among(subjects: Iterable[tuple[str, UUID]]) -> frozenset[tuple[str, UUID]]:
    """Those of these things, as (kind, id), that are about a confidential payment."""
    asked = list(set(subjects))
    if not asked:
        return frozenset()
    found = queries.rows(
        "confidential_among", kinds=[kind for kind, _ in asked], ids=[key for _, key in asked]
    )
    return frozenset((row["kind"], row["id"]) for row in found)


def is_confidential(kind: str, subject_id: UUID) -> bool:
    return bool(among([(kind, subject_id)]))


def hidden(kind: str, ids: Iterable[UUID]) -> frozenset[UUID]:
    """Those of these things that whoever looks now may not know more of than that they are."""
    if sight() is Sight.WHOLE:
        return frozenset()
    return frozenset(key for _, key in among((kind, one) for one in ids))


def check_visible(subject_id: UUID, kind: str = "order") -> None:
    """Raise Refused for something that is there and confidential, for whoever is not cleared."""
    if sight() is Sight.OPEN and is_confidential(kind, subject_id):
        raise policy.not_cleared("Whoever is signed in here")


def shown(events: Sequence[Event]) -> list[Event]:
    """Events as this unit of work may see them: without clearance those about confidential
    payments say only how things stand."""
    if sight() is Sight.WHOLE:
        for event in events:
            note(event.subject_kind, [UUID(event.subject_id)])
        return list(events)
    hidden = among((event.subject_kind, UUID(event.subject_id)) for event in events)
    return [
        policy.masked(event) if (event.subject_kind, UUID(event.subject_id)) in hidden else event
        for event in events
    ]


def totals(now: datetime) -> list[ConfidentialTotal]:
    """Every confidential run with its totals, the newest first: for everybody who works here."""
    grouped = groupby(_counted(), key=lambda row: tuple(row[name] for name in _ONE_RUN))
    return [_total(list(inside), now) for _, inside in grouped]


def waiting_count() -> int:
    """How many confidential payments wait for people who are cleared."""
    waits = (OrderState.AWAITING_APPROVAL, OrderState.HELD)
    return sum(row["count"] for row in _counted() if OrderState(row["state"]) in waits)


def held_count() -> int:
    """How many confidential payments are held until somebody who is cleared decides."""
    return sum(row["count"] for row in _counted() if row["state"] == OrderState.HELD.value)


def is_there() -> bool:
    """Whether this customer has anything confidential."""
    return bool(_counted())


def _counted() -> list[dict[str, Any]]:
    with seeing(Sight.WHOLE):
        return queries.rows("confidential_totals", tenant_id=current(), limit=ROWS_READ)


_ONE_RUN = ("received_at", "reference", "run_id", "source")


def _total(rows: list[dict[str, Any]], now: datetime) -> ConfidentialTotal:
    """What is handed in one by one has no total before its day is over: it would grow by each."""
    first = rows[0]
    grows = first["run_id"] is None and first["received_at"].date() >= now.date()
    states: dict[OrderState, int] = {}
    sums: dict[str, tuple[int, int]] = {}
    for row in rows:
        state, currency = OrderState(row["state"]), row["currency"]
        states[state] = states.get(state, 0) + row["count"]
        count, minor = sums.get(currency, (0, 0))
        sums[currency] = (count + row["count"], minor + row["minor"])
    return ConfidentialTotal(
        run_id=first["run_id"],
        source=first["source"],
        reference=first["reference"],
        received_at=first["received_at"],
        first_day=min(row["first_day"] for row in rows),
        last_day=max(row["last_day"] for row in rows),
        count=sum(states.values()),
        states=states,
        totals=tuple(
            Money(minor, currency)
            for currency, (count, minor) in sorted(sums.items())
            if count > ALONE and not grows
        ),
    )
