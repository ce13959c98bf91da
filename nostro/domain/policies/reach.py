"""How far somebody's grant reaches: who may do a thing, but not for this entity, account or amount.

Payees, cases' remarks, people and connections belong to no entity: there a grant counts wherever
it reaches, which is why what only looks after them cannot be narrowed (`has_a_place`).
"""

from __future__ import annotations

from typing import Final

from nostro.domain import duties
from nostro.domain.duties import Touched
from nostro.domain.errors import Refused
from nostro.domain.party import Action, Member, Role

BEYOND: Final = "beyond_grant"
_A = Action
_OF_A_PLACE: Final = frozenset(
    {
        *(_A.MAKE_PAYMENTS, _A.HOLD_PAYMENTS, _A.TAKE_BACK_PAYMENTS, _A.APPROVE_PAYMENTS),
        *(_A.RELEASE_PAYMENTS, _A.STOP_PAYMENTS, _A.STATE_EVIDENCE, _A.END_DOUBTS, _A.MATCH_LINES),
    }
)


def check(member: Member, action: Action, about: Touched | None, did: str) -> None:
    """Raise Refused where a member who may do this may not do it there; `did` is what we did."""
    if duties.may(member, action, about):
        return
    raise Refused(
        BEYOND,
        f"{member.name} may {duties.ACTION_WORDS[action].lower()}, but not for this entity,"
        " account or amount.",
        did,
        "Ask somebody whose grant reaches as far; People and roles shows how far each does.",
    )


def is_everywhere(member: Member, action: Action) -> bool:
    """Whether he may do this whatever entity, account and amount it is."""
    return duties.may(member, action, Touched())


def has_a_place(role: Role) -> bool:
    """Whether anything that the role may do is about an entity, an account or an amount."""
    return not _OF_A_PLACE.isdisjoint(duties.ACTIONS_OF[role])
