"""The glass is broken: two people let one of them do, for hours, what nobody else is there to do.

It gives a role for a time and nothing else: who made a payment still cannot approve it, and two
people still approve. It rings the alarm at once (an event and a case), and each event of whoever
acts under it says so. Personal tokens do not carry it.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import msgspec

from nostro.domain import duties
from nostro.domain.case import CaseKind
from nostro.domain.errors import Invalid, Refused
from nostro.domain.party import Action, Grant, Role
from nostro.storage import events, people
from nostro.workflows import granted
from nostro.workflows.case_work import new_case, open_cases
from nostro.workflows.changes import Change, Done, Kind
from nostro.workflows.changes.membership import held_by, person_of
from nostro.workflows.context import Acting

LONGEST_MINUTES = 240


class WantedGlass(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`person` is the address to sign in with; `minutes` count from the agreement on."""

    person: str
    role: Role
    minutes: int = 60


def _look(acting: Acting, wanted: WantedGlass, _: UUID) -> Change:
    if not 1 <= wanted.minutes <= LONGEST_MINUTES:
        raise Invalid(
            "glass_time_wrong",
            f"The glass cannot be broken for {wanted.minutes} minutes.",
            "Nothing was asked for.",
            f"It takes 1 to {LONGEST_MINUTES}.",
            field="minutes",
        )
    person_id = person_of(acting, wanted.person)
    where, now = granted.places(), acting.world.clock.now()
    held = held_by(person_id)
    before = [one for one in held if one.break_glass and one.until and now < one.until]
    opened = f"{wanted.role.replace('_', ' ')} for {wanted.minutes} minutes"
    return Change(
        subject_id=person_id,
        subject=people.name_of(person_id),
        before={"under_glass": sorted(granted.spelled(one, where) for one in before)},
        after={"under_glass": [opened]},
    )


def _check_decider(acting: Acting, wanted: WantedGlass) -> None:
    """While people look after access, one of them lets another in to do so: else two approvers
    would make each other administrators. The last agreement is that of who acts."""
    if Action.DECIDE_ACCESS not in duties.ACTIONS_OF[wanted.role]:
        return
    looking_after = [one.id for one in people.everybody() if duties.may(one, Action.DECIDE_ACCESS)]
    if looking_after and acting.actor.id not in looking_after:
        raise Refused(
            "not_yours_to_decide",
            f"{acting.actor.name} does not decide on access, and cannot let somebody else do so.",
            "Nothing was changed.",
            "Ask an administrator to agree.",
        )


def _apply(acting: Acting, wanted: WantedGlass, change: Change, done: Done) -> None:
    _check_decider(acting, wanted)
    now = acting.world.clock.now()
    until = now + timedelta(minutes=wanted.minutes)
    given = Grant(role=wanted.role, until=until, break_glass=str(done.request_id))
    held = held_by(change.subject_id)
    kept = [one for one in held if not one.break_glass]
    people.grant_reaching(acting.world.ids.new(), change.subject_id, [*kept, given])
    told = {"role": wanted.role.value, "until": until.isoformat(), "reason": done.reason}
    told |= {"request": str(done.request_id), "asked_by": done.asked_by_name}
    events.record([acting.event("person.glass_broken", "person", change.subject_id, **told)])
    case = new_case(
        acting,
        CaseKind.ACCESS,
        f"glass/{done.request_id}",
        f"{change.subject} acts as {wanted.role.replace('_', ' ')} until {until:%Y-%m-%d %H:%M}"
        f" UTC: {done.asked_by_name} and {acting.actor.name} broke the glass. “{done.reason}”",
        "Look at all that was done under it, then say here what you found.",
    )
    open_cases(acting, [case])


KIND = Kind(
    name="break_glass",
    title="Breaking the glass",
    wanted=WantedGlass,
    asks=(Action.BREAK_GLASS,),
    decides=Action.BREAK_GLASS,
    look=_look,
    apply=_apply,
)
