"""The partner's people: they see the customers that they are granted, and no other.

1. A person joins a partner; that alone opens nothing.
2. Each customer is granted by a membership there, with roles, like anybody else's: the same wall
   and the same policies. Only customers that the partner hosts can be granted.
3. Who leaves the partner loses all of them at once. Each step is in the customer's own log.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

import msgspec

from nostro.domain.errors import Refused
from nostro.domain.party import Grant, Role
from nostro.storage import events, partners, people
from nostro.storage.partners import PartnerRow
from nostro.storage.tenancy import tenant
from nostro.workflows.context import Acting, World


def join(world: World, partner: PartnerRow, *, email: str, name: str, password: str) -> UUID:
    """Let a person work for a partner; one who is known keeps name and password.

    Raises Invalid for an address or a password that will not do.
    """
    now = world.clock.now()
    person_id = people.person_of_email(email)
    if person_id is None:
        person_id = world.ids.new()
        people.create_person(person_id, email=email, name=name, password=password, now=now)
    partners.join(world.ids.new(), partner.id, person_id, now)
    return person_id


def grant(acting: Acting, email: str, roles: Iterable[Role]) -> None:
    """Open a customer to a person of the partner that hosts it, with exactly these roles.

    Raises Refused for anybody else: people of the customer's own are added by `nostro people`.
    """
    person_id = partners_person(acting.tenant_id, email)
    wanted = frozenset(roles)
    with tenant(acting.tenant_id):
        held = people.grants_of(person_id) or ()
        lent = [one for one in held if one.on_behalf_of or one.break_glass]
        grants = [*(Grant(role=role) for role in sorted(wanted)), *lent]
        people.grant_reaching(acting.world.ids.new(), person_id, grants)
        told = {"email": email, "roles": sorted(wanted), "partner": partners.partner_of(person_id)}
        events.record([acting.event("person.granted", "person", person_id, **told)])


def withdraw(acting: Acting, email: str) -> bool:
    """Close a customer to a person of its partner; True when it was open."""
    person_id = partners_person(acting.tenant_id, email)
    return _close(acting, person_id, email)


def leave(acting: Acting, partner: PartnerRow, email: str) -> int:
    """End a person's work for a partner: every customer that it hosts is closed to him; returns how
    many were open. `acting` names who does it; its customer is not used."""
    person_id = people.person_of_email(email)
    if person_id is None or not partners.works_for(person_id, partner.id):
        raise _not_of_the_partner(email)
    closed = 0
    for tenant_id in partners.hosted(partner.id):
        there = msgspec.structs.replace(acting, tenant_id=tenant_id)
        closed += _close(there, person_id, email)
    partners.leave(partner.id, person_id)
    return closed


def _close(acting: Acting, person_id: UUID, email: str) -> bool:
    with tenant(acting.tenant_id):
        was_open = people.withdraw(person_id)
        if was_open:
            told = {"email": email, "partner": partners.partner_of(person_id)}
            events.record([acting.event("person.withdrawn", "person", person_id, **told)])
    return was_open


def partners_person(tenant_id: UUID, email: str) -> UUID:
    """Who signs in so and works for the customer's partner; raises Refused for anybody else."""
    person_id = people.person_of_email(email)
    if person_id is None or not partners.works_for(person_id, partners.host_of(tenant_id)):
        raise _not_of_the_partner(email)
    return person_id


def _not_of_the_partner(email: str) -> Refused:
    return Refused(
        "not_of_the_partner",
        f"{email} does not work for the partner that hosts this customer.",
        can_do="Let the person join it first: nostro partners join. People of the customer's own"
        " are added with nostro people add.",
    )
