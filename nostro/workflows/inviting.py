"""How somebody comes to work here: by a link that counts once, passed on by who invites.

1. An administrator invites an address, with what the person shall be able to do. Nothing is
   granted yet; the link is shown once and counts for seven days.
2. Whoever has the link chooses a password and is a person who can sign in. One who is known
   already keeps name and password.
3. What he shall be able to do is then asked for in the name of who invited: another one agrees, as
   to any change of access. Only while too few could agree is it granted at once.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from nostro.domain import duties
from nostro.domain.errors import Invalid, Refused
from nostro.domain.event import Actor
from nostro.domain.party import Action, Member, Role
from nostro.storage import events, invitations, people
from nostro.storage.invitations import InvitationRow
from nostro.storage.tenancy import tenant
from nostro.workflows import change_requests
from nostro.workflows.context import Acting, World

COUNTS_FOR = timedelta(days=7)
NAME_MAX = 200


def invite(
    acting: Acting, member: Member | None, email: str, name: str, roles: Iterable[Role]
) -> str:
    """Invite somebody; returns the secret of the link, which is kept nowhere.

    `member` is None at the terminal. Raises Invalid for an address or a name that will not do,
    Refused when the member may not ask for access.
    """
    if member is not None:
        _may_invite(member)
    address, called = email.strip().lower(), name.strip()
    people.check_email(address)
    if not called or len(called) > NAME_MAX:
        raise Invalid(
            "name_missing",
            "Others need a name to know the person by.",
            can_do=f"Give one of at most {NAME_MAX} characters.",
            field="name",
        )
    wanted = sorted({role.value for role in roles})
    token, row_id, now = secrets.token_urlsafe(32), acting.world.ids.new(), acting.world.clock.now()
    with tenant(acting.tenant_id):
        invitations.add(
            row_id,
            email=address,
            name=called,
            grants=[{"role": role} for role in wanted],
            token=token,
            by=acting.actor,
            now=now,
            expires_at=now + COUNTS_FOR,
        )
        told = {"email": address, "roles": wanted}
        events.record([acting.event("person.invited", "invitation", row_id, **told)])
    return token


def withdraw(acting: Acting, member: Member, invitation_id: UUID) -> None:
    """A link counts no more. Raises Refused when it did not count any longer."""
    _may_invite(member)
    with tenant(acting.tenant_id):
        if not invitations.end(invitation_id, acting.world.clock.now()):
            raise _over()
        event = acting.event("person.invitation_withdrawn", "invitation", invitation_id)
        events.record([event])


def look(world: World, token: str) -> InvitationRow:
    """What a link invites to. Raises Refused when it does not count (any more)."""
    tenant_id, row_id = _found(world, token)
    with tenant(tenant_id):
        row = invitations.lock_open(row_id, world.clock.now())
    if row is None:
        raise _over()
    return row


def is_known(row: InvitationRow) -> bool:
    """Whether the invited address signs in here already: then no password is chosen."""
    return people.person_of_email(row.email) is not None


def accept(world: World, token: str, password: str) -> UUID:
    """Become a person who can sign in; returns who. Raises Invalid for a password that will not do,
    Refused when the link does not count (any more)."""
    tenant_id, row_id = _found(world, token)
    now = world.clock.now()
    with tenant(tenant_id):
        row = invitations.lock_open(row_id, now)
        if row is None:
            raise _over()
        person_id = people.person_of_email(row.email)
        if person_id is None:
            person_id = world.ids.new()
            people.create_person(
                person_id, email=row.email, name=row.name, password=password, now=now
            )
        invitations.end(row_id, now, person_id)
        actor = Actor(kind="person", id=str(person_id), name=row.name)
        acting = Acting(tenant_id=tenant_id, actor=actor, world=world)
        told = {"email": row.email, "invitation": str(row_id)}
        events.record([acting.event("person.joined", "person", person_id, **told)])
        _ask_for(acting, row, person_id)
    return person_id


def _ask_for(acting: Acting, row: InvitationRow, person_id: UUID) -> None:
    """What the person shall be able to do, asked for in the name of who invited."""
    if not row.grants:
        return
    inviting = Acting(tenant_id=acting.tenant_id, actor=row.invited_by, world=acting.world)
    if row.invited_by.kind != "person" and not change_requests.in_force(acting):
        roles = [Role(grant["role"]) for grant in row.grants]
        people.grant(acting.world.ids.new(), person_id, roles)
        told: dict[str, object] = {"email": row.email, "roles": sorted(roles)}
        events.record([inviting.event("person.granted", "person", person_id, **told)])
        return
    wanted = {"person": row.email, "grants": list(row.grants)}
    try:
        member = None
        if row.invited_by.kind == "person":
            now = acting.world.clock.now()
            member = people.member(acting.tenant_id, UUID(row.invited_by.id), now)
        change_requests.ask(inviting, member, "membership", wanted, "Accepted the invitation.")
    except Refused as error:  # Who invited may not any more, or nobody could agree: he joins bare.
        told = {"email": row.email, "why": error.code}
        events.record([acting.event("person.access_not_asked", "person", person_id, **told)])


def _may_invite(member: Member) -> None:
    if not member.is_person or not duties.may(member, Action.PROPOSE_ACCESS):
        raise Refused(
            "may_not_invite",
            f"{member.name} may not ask for access of others.",
            "Nobody was invited.",
            "Ask an administrator of this customer.",
        )


def _found(world: World, token: str) -> tuple[UUID, UUID]:
    found = invitations.customer_of(token, world.clock.now())
    if found is None:
        raise _over()
    return found


def _over() -> Refused:
    return Refused(
        "invitation_over",
        "This invitation does not count: it was used, withdrawn, or a week has passed.",
        "Nothing was changed.",
        "Ask whoever invited you for a new link.",
    )
