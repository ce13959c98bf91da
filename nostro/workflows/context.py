"""On whose behalf work is done, and the world it is done in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec

from nostro.connectors.webhook_call import WebhookCaller
from nostro.domain.event import NOWHERE, Actor, Alike, Event, Origin
from nostro.ops import origin
from nostro.ops.free_space import Watermark
from nostro.ports import Calendar, Clock, Ids, Secrets

if TYPE_CHECKING:
    from nostro.ops.checkpoints import Place


class World(msgspec.Struct, frozen=True, kw_only=True):
    """The ports that the application chose at start."""

    clock: Clock
    ids: Ids
    secrets: Secrets
    calendar: Calendar
    webhook_caller: WebhookCaller = msgspec.field(default_factory=WebhookCaller)
    space: Watermark = msgspec.field(default_factory=lambda: Watermark(lambda: None))
    checkpoint_places: Callable[[], Sequence[Place]] = tuple  # Outside the database.


class Acting(msgspec.Struct, frozen=True, kw_only=True):
    """Who does it, for which customer, in which world; for whom and why, when that is known."""

    tenant_id: UUID
    actor: Actor
    world: World
    on_behalf_of: Actor | None = None
    reason: str = ""
    break_glass: str = ""  # The opening under which it is done: every event of it says so.

    def event(self, kind: str, subject_kind: str, subject_id: UUID, **data: object) -> Event:
        """One event of this actor, now."""
        return Event(
            id=str(self.world.ids.new()),
            type=kind,
            subject_kind=subject_kind,
            subject_id=str(subject_id),
            actor=self.actor,
            occurred_at=self.world.clock.now(),
            data=self._marked(data),
            origin=self._origin(data),
        )

    def alike(
        self,
        kind: str,
        subject_kind: str,
        subjects: Sequence[UUID],
        own: Sequence[dict[str, Any]] = (),
        **said: object,
    ) -> Alike:
        """An event of this actor, now, about each of many subjects; all of them say `said`."""
        new = self.world.ids.new
        return Alike(
            type=kind,
            subject_kind=subject_kind,
            actor=self.actor,
            occurred_at=self.world.clock.now(),
            ids=[new() for _ in subjects],
            subjects=subjects,
            said=self._marked(said),
            own=own,
            origin=self._origin(said),
        )

    def _marked(self, said: Mapping[str, object]) -> dict[str, Any]:
        return {**said, "break_glass": self.break_glass} if self.break_glass else dict(said)

    def _origin(self, said: Mapping[str, object]) -> Origin:
        """Where this comes from. The reason is the actor's own words, or what the event says."""
        words = self.reason or str(said.get("text") or said.get("reason") or "")
        came = origin.current()
        if came is NOWHERE and not words and self.on_behalf_of is None:
            return NOWHERE
        return msgspec.structs.replace(came, on_behalf_of=self.on_behalf_of, reason=words)


JOB = Actor(kind="job", id="nostro", name="nostro")


_installed: list[World] = []


def install(world: World) -> None:
    """Choose the world of this process; called once by nostro.app."""
    _installed[:] = [world]


def installed() -> World:
    """The world of this process; raises RuntimeError before nostro.app has chosen one."""
    if not _installed:
        raise RuntimeError("nostro.app.start() has not been called in this process")
    return _installed[0]


def job_for(tenant_id: UUID) -> Acting:
    """Work that nostro does by itself for one customer."""
    return Acting(tenant_id=tenant_id, actor=JOB, world=installed())
