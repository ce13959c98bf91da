"""Ending what a broken glass gave, before its time; how it is broken stands in changes."""

from __future__ import annotations

from uuid import UUID

from nostro.domain import duties
from nostro.domain.errors import Refused
from nostro.domain.party import Action, Member
from nostro.storage import events, people
from nostro.storage.tenancy import tenant
from nostro.workflows.case_work import checked_reason
from nostro.workflows.changes.membership import held_by
from nostro.workflows.context import Acting


def end(acting: Acting, member: Member, person_id: UUID, reason: str) -> None:
    """Take back at once what a person holds under a broken glass; one person is enough.

    Raises Refused when the member may not, or the person holds nothing of the kind.
    """
    told = checked_reason(reason)
    if member.id != str(person_id) and not duties.may(member, Action.BREAK_GLASS):
        raise Refused("not_yours_to_end", f"{member.name} may not end this.")
    with tenant(acting.tenant_id):
        held = held_by(person_id)
        kept = [one for one in held if not one.break_glass]
        if len(kept) == len(held):
            raise Refused("glass_whole", f"{people.name_of(person_id)} holds nothing of the kind.")
        people.grant_reaching(acting.world.ids.new(), person_id, kept)
        events.record([acting.event("person.glass_mended", "person", person_id, reason=told)])
