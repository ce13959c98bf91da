"""On whose behalf work is done, and the world it is done in."""

from __future__ import annotations

from uuid import UUID

import msgspec

from nostro.domain.event import Actor, Event
from nostro.ports import Calendar, Clock, Ids, Secrets


class World(msgspec.Struct, frozen=True, kw_only=True):
    """The ports that the application chose at start."""

    clock: Clock
    ids: Ids
    secrets: Secrets
    calendar: Calendar


class Acting(msgspec.Struct, frozen=True, kw_only=True):
    """Who does it, for which customer, in which world."""

    tenant_id: UUID
    actor: Actor
    world: World

    def event(self, type: str, subject_kind: str, subject_id: UUID, **data: object) -> Event:
        """One event of this actor, now."""
        return Event(
            id=str(self.world.ids.new()),
            type=type,
            subject_kind=subject_kind,
            subject_id=str(subject_id),
            actor=self.actor,
            occurred_at=self.world.clock.now(),
            data=dict(data),
        )


JOB = Actor(kind="job", id="nostro", name="nostro")
