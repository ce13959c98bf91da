"""Who may ask for a change and who may agree: never the one who asked, nor about himself, nor the
partner's people about their own."""

from __future__ import annotations

from collections.abc import Iterable

from nostro.domain import duties
from nostro.domain.change_request import BY_A_PERSON, BY_NOBODY_NAMED, Standing
from nostro.domain.errors import Refused
from nostro.domain.party import Action, Member


def may_ask(member: Member, *actions: Action) -> None:
    """Raise Refused unless this member may do one of these, and so ask for such a change."""
    if not member.is_person or not any(duties.may(member, action) for action in actions):
        raise Refused(
            "not_yours_to_ask",
            f"{member.name} may not ask for this kind of change.",
            "Nothing was asked for.",
            "Ask somebody whose role it is; the page of roles shows whose.",
        )


def may_look(member: Member) -> None:
    """Raise Refused unless this member looks after access, or reads the log that tells of it."""
    looks = (Action.PROPOSE_ACCESS, Action.DECIDE_ACCESS, Action.READ_LOG)
    if not any(duties.may(member, action) for action in looks):
        raise Refused(
            "access_not_yours",
            f"{member.name} does not look after who gets in.",
            "Nothing of it was shown.",
            "Ask an administrator of your company.",
        )


def may_agree(member: Member, action: Action, standing: Standing) -> None:
    """Raise Refused unless this member may agree to, or refuse, what somebody else asked for."""
    if not member.is_person or not duties.may(member, action):
        raise _refused("not_yours_to_decide", f"{member.name} may not decide on this change.")
    if member.id == standing.asked_by:
        raise _refused("own_request", f"{member.name} asked for it; somebody else decides.")
    if member.id == standing.about:
        raise _refused("about_yourself", f"It is about {member.name}; somebody else decides.")
    if member.id in standing.kept_out:
        raise _refused(
            "about_the_partner",
            f"{member.name} works for the partner, and so does whom it is about; somebody of the"
            " customer's own decides.",
        )
    if member.id in standing.asked_for:
        raise _refused(
            "stands_in_for_another",
            f"It was asked for in the place of {member.name}, or gives him something.",
        )
    if member.id in standing.agreed_by:
        raise _refused("already_agreed", f"{member.name} has already agreed.")
    if not duties.acts_for(member, action) - standing.taken:
        raise _refused(
            "stands_in_for_another",
            f"{member.name} stands in for somebody who has had his say about it.",
        )


def could_decide(members: Iterable[Member], action: Action, standing: Standing) -> list[Member]:
    """Those who could agree to it as it stands."""
    found = []
    for member in members:
        try:
            may_agree(member, action, standing)
        except Refused:
            continue
        found.append(member)
    return found


def needed(asked_by_a_person: bool) -> int:
    return BY_A_PERSON if asked_by_a_person else BY_NOBODY_NAMED


def _refused(code: str, happened: str) -> Refused:
    return Refused(code, happened, "Nothing was changed.", "Ask another person who may decide.")
