"""Somebody stands in for a colleague for a time: with what the colleague holds, and no more."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from nostro.domain import duties
from nostro.domain.errors import Invalid, Refused
from nostro.domain.party import Action, Grant, Role
from nostro.storage import events, people
from nostro.workflows import granted
from nostro.workflows.changes import Change, Done, Kind
from nostro.workflows.changes.membership import held_by, person_of
from nostro.workflows.context import Acting

LONGEST = timedelta(days=60)


class WantedDelegation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`lender` and `person`, who stands in for him, are addresses to sign in with. Without roles:
    all that the lender holds for good. No `until` ends it now."""

    lender: str
    person: str
    roles: tuple[Role, ...] = ()
    until: datetime | None = None


def _look(acting: Acting, wanted: WantedDelegation, _: UUID) -> Change:
    lender, person = person_of(acting, wanted.lender), person_of(acting, wanted.person)
    _check_who(acting, lender, person)
    lent = _lent(acting, wanted, lender)
    held = held_by(person)
    where = granted.places()
    before = [one for one in held if one.on_behalf_of == str(lender)]
    return Change(
        subject_id=person,
        subject=f"{people.name_of(person)} for {people.name_of(lender)}",
        before={"stands_in": sorted(granted.spelled(one, where) for one in before)},
        after={"stands_in": sorted(granted.spelled(one, where) for one in lent)},
    )


def _apply(acting: Acting, wanted: WantedDelegation, change: Change, done: Done) -> None:
    lender = person_of(acting, wanted.lender)
    held = held_by(change.subject_id)
    kept = [one for one in held if one.on_behalf_of != str(lender)]
    grants = [*kept, *_lent(acting, wanted, lender)]
    people.grant_reaching(acting.world.ids.new(), change.subject_id, grants)
    told = {"before": change.before, "after": change.after, "request": str(done.request_id)}
    told["lender"] = str(lender)
    events.record([acting.event("person.stands_in", "person", change.subject_id, **told)])


def _lent(acting: Acting, wanted: WantedDelegation, lender: UUID) -> list[Grant]:
    if wanted.until is None:
        return []
    now = acting.world.clock.now()
    if wanted.until.tzinfo is None or not now < wanted.until <= now + LONGEST:
        raise Invalid(
            "delegation_time_wrong",
            f"Nobody stands in until {wanted.until.isoformat()}.",
            "Nothing was asked for.",
            f"Name a moment with its zone, at most {LONGEST.days} days ahead.",
            field="until",
        )
    held = [one for one in held_by(lender) if one.lasting]
    lent = [one for one in held if not wanted.roles or one.role in wanted.roles]
    if not lent:
        raise Refused(
            "nothing_to_lend",
            f"{people.name_of(lender)} does not hold that for good.",
            "Nothing was asked for.",
            "Choose roles that he holds himself.",
        )
    return [
        msgspec.structs.replace(one, until=wanted.until, on_behalf_of=str(lender)) for one in lent
    ]


def _check_who(acting: Acting, lender: UUID, person: UUID) -> None:
    """A person asks for himself, or somebody who looks after access asks for him."""
    if lender == person:
        raise Refused(
            "lent_to_oneself",
            "Nobody stands in for himself.",
            "Nothing was asked for.",
            "Choose a colleague.",
        )
    if acting.actor.kind != "person" or acting.actor.id == str(lender):
        return
    (actor,) = people.members([UUID(acting.actor.id)], acting.world.clock.now())
    if not (duties.may(actor, Action.PROPOSE_ACCESS) or duties.may(actor, Action.DECIDE_ACCESS)):
        raise Refused(
            "not_yours_to_lend",
            f"{actor.name} cannot lend what {people.name_of(lender)} holds.",
            "Nothing was asked for.",
            "Let him ask himself, or an administrator.",
        )


KIND = Kind(
    name="delegation",
    title="Somebody stands in",
    wanted=WantedDelegation,
    asks=(Action.READ,),
    decides=Action.DECIDE_ACCESS,
    look=_look,
    apply=_apply,
    counts_people=True,
)
