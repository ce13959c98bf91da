"""Who may say what a bank's line pays, and how far: entity, account, amount, confidential ones."""

from __future__ import annotations

from nostro.domain import duties
from nostro.domain.duties import Touched
from nostro.domain.errors import Refused
from nostro.domain.party import Action, Member, Role
from nostro.domain.policies import confidential, reach

_DID = "Nothing was changed."


def check(member: Member) -> None:
    """Raise Refused for somebody who decides on no line at all."""
    if not duties.may(member, Action.MATCH_LINES):
        raise Refused(
            "not_a_reconciler",
            f"{member.name} may not decide what bank lines pay.",
            _DID,
            "Ask a reconciler or a treasurer of this customer.",
        )


def check_line(member: Member, about: Touched) -> None:
    """Raise Refused for a line that is beyond his grants, or confidential and he is not cleared."""
    check(member)
    confidential.check(member, confidential=about.confidential)
    reach.check(member, Action.MATCH_LINES, about, _DID)


def roles_there(member: Member, about: Touched) -> frozenset[Role]:
    """The roles by which he may decide on a line: their limits count."""
    return frozenset(
        grant.role for grant in member.held if duties.covers(grant, Action.MATCH_LINES, about)
    )
