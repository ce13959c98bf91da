"""Erasing what events say: content and keys go, the chain stays whole and says who erased what."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from nostro.domain.audit_chain import ERASED
from nostro.storage import events
from nostro.workflows.context import Acting

IDS_A_RECORD = 5000  # So that no single event grows without bound.


def erase_events(acting: Acting, event_ids: Collection[UUID], reason: str) -> frozenset[UUID]:
    """Empty these events of the acting customer for good; returns those that were.

    Inside the open unit of work. What stays of each is its type, time, actor's and subject's id.
    Events that wait for their seal are sealed first: what was there is in the chain before it goes.
    Not erased are events of this unit of work, those that were sealed before content had keys, and
    those that explain the log itself. Whether anybody may erase them is the caller's question.
    """
    events.seal_waiting(acting.tenant_id, acting.world.clock.now())
    done = events.erase(event_ids, acting.world.clock.now())
    ids = sorted(map(str, done))
    events.record(
        [
            acting.event(
                ERASED,
                "customer",
                acting.tenant_id,
                events=ids[start : start + IDS_A_RECORD],
                reason=reason,
            )
            for start in range(0, len(ids), IDS_A_RECORD)
        ]
    )
    return done
