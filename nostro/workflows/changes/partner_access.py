"""A person of the partner that hosts the customer is let in: two who decide on access agree."""

from __future__ import annotations

from uuid import UUID

import msgspec

from nostro.domain.errors import Invalid
from nostro.domain.party import Action, Role
from nostro.storage import people
from nostro.workflows import granted, hosting
from nostro.workflows.changes import Change, Done, Kind
from nostro.workflows.changes.membership import told_of
from nostro.workflows.context import Acting


class WantedPartnerAccess(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`address` is how somebody who works for the partner signs in."""

    address: str
    roles: tuple[Role, ...]


def _look(acting: Acting, wanted: WantedPartnerAccess, _: UUID) -> Change:
    if not wanted.roles:
        raise Invalid(
            "role_missing",
            f"Nothing was said about what {wanted.address[:100]} may do.",
            "Nothing was asked for.",
            "Name a role; to close the customer to a person takes nobody's agreement.",
            field="roles",
        )
    person_id = hosting.partners_person(acting.tenant_id, wanted.address)
    where, held = granted.places(), people.grants_of(person_id)
    own = [one for one in held or () if not (one.on_behalf_of or one.break_glass)]
    after = [granted.grant_of(granted.WantedGrant(role=role), where) for role in wanted.roles]
    return Change(
        subject_id=person_id,
        subject=people.name_of(person_id),
        before=told_of(own, where, works_here=held is not None),
        after=told_of(after, where, works_here=True),
    )


def _apply(acting: Acting, wanted: WantedPartnerAccess, change: Change, done: Done) -> None:
    hosting.grant(acting, wanted.address, wanted.roles)


KIND = Kind(
    name="partner_access",
    title="What a person of the partner may do",
    wanted=WantedPartnerAccess,
    asks=(Action.PROPOSE_ACCESS,),
    decides=Action.DECIDE_ACCESS,
    look=_look,
    apply=_apply,
    counts_people=True,
)
