"""Sealing the log and proving it whole: position and hash for every event, customer by customer."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import msgspec
from django.db import DatabaseError

from nostro.domain import audit_chain
from nostro.domain.audit_chain import ERASED, GENESIS, Tree
from nostro.domain.audit_statement import Checkpoint
from nostro.domain.event import Event
from nostro.storage import events
from nostro.storage.events import Link
from nostro.storage.tenancy import tenant


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """Is the chain whole? `broken_at` is the first wrong position; `why` says what is wrong.

    `sealed` counts the events whose seals were right, `erased` those of them without content.
    """

    whole: bool
    sealed: int
    unsealed: int
    head: str
    erased: int = 0
    broken_at: int = 0
    why: str = ""


def seal_all(now: datetime) -> int:
    """Seal what waits, every customer; returns how many events were sealed.

    Raises the first customer's error after all the others were sealed.
    """
    sealed = 0
    failures: list[Exception] = []
    for tenant_id, _ in events.waiting():
        try:
            while made := events.seal(tenant_id, now):
                sealed += made
        except (TypeError, ValueError, DatabaseError) as error:
            failures.append(error)  # One customer's trouble must not stop the others' seals.
    if failures:
        raise failures[0]
    return sealed


def verify(tenant_id: UUID, pinned: Iterable[Checkpoint] = ()) -> Verification:
    """Recompute one customer's chain from its first event, and hold it against checkpoints.

    Positions follow each other without a gap, but for the one that a restore has made and its own
    event names: what a forgotten part of the log may have been told under is not given again.
    """
    unsealed = dict(events.waiting()).get(tenant_id, 0)
    with tenant(tenant_id):
        pins = [Pin(one.position, one.entries, one.root, "a checkpoint") for one in pinned]
        pins += [Pin(one.position, one.entries, one.root, "its batch") for one in events.batches()]
        walk = _Walk(events.floors(), pins)
        for link in events.links():
            if walk.step(link):
                break
        else:
            walk.finish(events.outside_chain())
    return Verification(
        whole=not walk.why,
        sealed=walk.tree.entries,
        unsealed=unsealed,
        head=walk.tail,
        erased=walk.erased,
        broken_at=walk.broken_at,
        why=walk.why,
    )


class Pin(msgspec.Struct, frozen=True):
    """What the chain was written down to be at a position; `told` says where."""

    position: int
    entries: int
    root: str
    told: str


class _Walk:
    """One look at a chain, entry by entry, until it ends or something is wrong."""

    def __init__(self, floors: frozenset[int], pins: list[Pin]) -> None:
        self.floors = floors
        self.pins = deque(sorted(pins, key=lambda pin: pin.position))
        self.position, self.tail, self.tree = 0, GENESIS, Tree()
        self.erased, self.broken_at, self.why = 0, 0, ""
        self._unexplained: dict[str, int] = {}

    def step(self, link: Link) -> bool:
        """Look at the next entry; True when it is wrong."""
        seal = link.seal
        if self.pins and self.pins[0].position < seal.position:
            pin = self.pins[0]
            return self._broken(self.position + 1, f"the entry that {pin.told} ends with is gone")
        went_on = self.position < seal.position - 1 and seal.position - 1 in self.floors
        self.position = seal.position if went_on else self.position + 1
        if seal.position != self.position:
            return self._broken(self.position, f"position {self.position} is missing")
        if why := wrong(link, self.position, self.tail):
            return self._broken(self.position, why)
        self._remember_erasures(link)
        self.tree.add([bytes.fromhex(seal.hash)])
        self.tail = seal.hash
        while self.pins and self.pins[0].position == self.position:
            pin = self.pins.popleft()
            if (pin.entries, pin.root) != (self.tree.entries, self.tree.root().hex()):
                why = f"the chain up to here is not the one that {pin.told} has"
                return self._broken(self.position, why)
        return False

    def finish(self, strays: int) -> None:
        """After the last entry: nothing is missing behind it and nothing stands beside it."""
        if self.pins:
            why = f"the chain ends before the entry at {self.pins[0].position}"
            self._broken(self.position + 1, f"{why} that {self.pins[0].told} ends with")
        elif strays:
            self._broken(self.position, f"{strays} events stand outside the chain")
        elif self._unexplained:
            why = "the event has no content, and no event says that it was erased"
            self._broken(min(self._unexplained.values()), why)

    def _remember_erasures(self, link: Link) -> None:
        event = link.event
        if event is None:
            return
        if link.erased_at is not None:
            self.erased += 1
            self._unexplained[event.id] = self.position
        if event.type == ERASED:
            for event_id in event.data["events"]:
                self._unexplained.pop(event_id, None)

    def _broken(self, position: int, why: str) -> bool:
        self.broken_at, self.why = position, why
        return True


def wrong(link: Link, position: int, tail: str) -> str:
    """Why an entry is not the one that was sealed at a position, after the hash `tail`; "" when it
    is."""
    seal, event = link.seal, link.event
    if event is None:
        return "the event of this position is gone"
    if seal.commitment:
        right = audit_chain.entry_hash(audit_chain.entry(position, tail, event, seal.commitment))
        if link.erased_at is None:
            right = right if _opens(link, event) else ""
    else:
        right = audit_chain.chain_hash(position, tail, event)
    same = seal.previous_hash == tail and seal.hash == right
    return "" if same else "the event is not what was sealed"


def _opens(link: Link, event: Event) -> bool:
    """Is the content what its commitment was made of?"""
    told = audit_chain.content(event)
    return bool(link.key) and audit_chain.commitment(link.key, told) == link.seal.commitment
