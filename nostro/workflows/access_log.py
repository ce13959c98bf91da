"""Every change of access is on record: who signed in, failed to, or changed how he proves himself.

A person belongs to no customer. What happens to his access is written into the log of each
customer that he works for, since each has to be able to show it; of an address that nobody has
there is nothing to write, only a line in the service's own log.
"""

from __future__ import annotations

from uuid import UUID

import structlog

from nostro.domain.event import Actor
from nostro.storage import events, people
from nostro.storage.tenancy import tenant
from nostro.workflows.context import Acting, World

log = structlog.get_logger()


def record(world: World, person_id: UUID, name: str, kind: str, **told: object) -> None:
    """What a person of this name did about his own access, in the log of every customer that he
    works for: one event `person.<kind>`."""
    record_of(world, Actor(kind="person", id=str(person_id), name=name), person_id, kind, **told)


def record_of(world: World, actor: Actor, person_id: UUID, kind: str, **told: object) -> None:
    """The same, done by somebody else."""
    for membership in people.memberships(person_id):
        acting = Acting(tenant_id=membership.tenant_id, actor=actor, world=world)
        with tenant(membership.tenant_id):
            events.record([acting.event(f"person.{kind}", "person", person_id, **told)])


def record_failure(world: World, email: str, **told: object) -> None:
    """Somebody tried to sign in with this address and could not."""
    person_id = people.person_of_email(email)
    if person_id is None:
        log.warning("sign_in_failed_for_unknown_address", **told)
        return
    record(world, person_id, "somebody unknown", "sign_in_failed", **told)
