"""Sealing the log and proving it whole: position and hash for every event, customer by customer."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec
from django.db import DatabaseError

from nostro.domain.event import GENESIS, chain_hash
from nostro.storage import events
from nostro.storage.tenancy import tenant


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """Is the chain whole? `broken_at` is the first wrong position; `why` says what is wrong.

    `sealed` counts the events whose seals were right.
    """

    whole: bool
    sealed: int
    unsealed: int
    head: str
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


def verify(tenant_id: UUID) -> Verification:
    """Recompute one customer's chain from its first event.

    Positions follow each other without a gap, but for the one that a restore has made and its own
    event names: what a forgotten part of the log may have been told under is not given again.
    """
    unsealed = dict(events.waiting()).get(tenant_id, 0)
    sealed, position, tail = 0, 0, GENESIS
    with tenant(tenant_id):
        floors = events.floors()
        for seal, event in events.chain():
            went_on = position < seal.position - 1 and seal.position - 1 in floors
            position = seal.position if went_on else position + 1
            why = ""
            if seal.position != position:
                why = f"position {position} is missing"
            elif event is None:
                why = "the event of this position is gone"
            elif seal.previous_hash != tail or seal.hash != chain_hash(position, tail, event):
                why = "the event is not what was sealed"
            if why:
                return _broken(sealed, position, unsealed, tail, why)
            sealed, tail = sealed + 1, seal.hash
        if strays := events.outside_chain():
            why = f"{strays} events stand outside the chain"
            return _broken(sealed, position, unsealed, tail, why)
    return Verification(whole=True, sealed=sealed, unsealed=unsealed, head=tail)


def _broken(sealed: int, position: int, unsealed: int, head: str, why: str) -> Verification:
    return Verification(
        whole=False, sealed=sealed, unsealed=unsealed, head=head, broken_at=position, why=why
    )
