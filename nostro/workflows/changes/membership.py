"""What a person may do for the customer: roles, how far each reaches, and their end."""

from __future__ import annotations

from uuid import UUID

import msgspec

from nostro.domain.errors import Refused
from nostro.domain.party import Action, Grant
from nostro.storage import events, people
from nostro.workflows import granted
from nostro.workflows.changes import Change, Done, Kind
from nostro.workflows.context import Acting
from nostro.workflows.granted import WantedGrant


class WantedMembership(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`person` is the address to sign in with; no grants at all end the membership."""

    person: str
    grants: tuple[WantedGrant, ...] = ()


def person_of(acting: Acting, address: str) -> UUID:
    """Who signs in with this address; raises Refused when nobody does.

    Another customer's people are nobody to who asks here, until they accept an invitation: neither
    their names nor that they exist is told. The terminal sees everybody.
    """
    found = people.person_of_email(address)
    outside = acting.actor.kind in ("person", "api_key")
    if found is None or (outside and not people.is_known_here(found)):
        raise Refused(
            "person_unknown",
            f"Nobody signs in as {address[:100]}.",
            "Nothing was asked for.",
            "Invite the person first; then ask for what he may do.",
            field="person",
        )
    return found


def held_by(person_id: UUID) -> tuple[Grant, ...]:
    """All that a colleague holds; raises Refused for somebody who does not work here."""
    held = people.grants_of(person_id)
    if held is None:
        raise Refused(
            "not_a_colleague",
            "This person does not work for this customer.",  # Who else he is, is not told here.
            "Nothing was changed.",
            "Choose a colleague, or ask for a membership first.",
        )
    return held


def _look(acting: Acting, wanted: WantedMembership, _: UUID) -> Change:
    person_id = person_of(acting, wanted.person)
    where = granted.places()
    before = people.grants_of(person_id)
    after = [granted.grant_of(one, where) for one in wanted.grants]
    own = [one for one in before or () if not (one.on_behalf_of or one.break_glass)]
    return Change(
        subject_id=person_id,
        subject=people.name_of(person_id),
        before=told_of(own, where, works_here=before is not None),
        after=told_of(after, where, works_here=bool(after)),
    )


def _apply(acting: Acting, wanted: WantedMembership, change: Change, done: Done) -> None:
    where = granted.places()
    person_id = change.subject_id
    grants = [granted.grant_of(one, where) for one in wanted.grants]
    if grants:
        held = people.grants_of(person_id) or ()
        lent = [one for one in held if one.on_behalf_of or one.break_glass]
        people.grant_reaching(acting.world.ids.new(), person_id, [*grants, *lent])
    else:
        people.withdraw(person_id)
    name = "person.granted" if grants else "person.withdrawn"
    told = {"before": change.before, "after": change.after, "request": str(done.request_id)}
    roles = sorted({one.role.value for one in grants})
    events.record([acting.event(name, "person", person_id, roles=roles, **told)])


def told_of(
    grants: list[Grant], where: granted.Places, *, works_here: bool
) -> dict[str, bool | list[str]]:
    """What a person may do, as people read it side by side."""
    spelled = sorted(granted.spelled(one, where) for one in grants)
    return {"works_here": works_here, "may": spelled}


KIND = Kind(
    name="membership",
    title="What a person may do",
    wanted=WantedMembership,
    asks=(Action.PROPOSE_ACCESS,),
    decides=Action.DECIDE_ACCESS,
    look=_look,
    apply=_apply,
    counts_people=True,
)
