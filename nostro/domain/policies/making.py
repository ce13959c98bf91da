"""Who may make payments, and of which entities, accounts and amounts."""

from __future__ import annotations

from nostro.domain import duties
from nostro.domain.duties import Touched
from nostro.domain.errors import Refused
from nostro.domain.party import Action, Member
from nostro.domain.policies import reach


def may_make(member: Member, about: Touched | None = None) -> None:
    """Raise Refused unless this member may make payments, and such a one where `about` says it."""
    if not duties.may(member, Action.MAKE_PAYMENTS):
        raise Refused(
            "not_a_maker",
            f"{member.name} may not make payments.",
            "No payment was made.",
            "Ask a maker of this customer.",
        )
    reach.check(member, Action.MAKE_PAYMENTS, about, "No payment was made.")
