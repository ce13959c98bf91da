"""Who may take an evidence pack: it shows accounts, names, amounts and the log at once."""

from __future__ import annotations

from nostro.domain import duties
from nostro.domain.duties import Touched
from nostro.domain.errors import Refused
from nostro.domain.party import Action, Member
from nostro.domain.policies import reach


def may_take(member: Member, about: Touched | None = None) -> None:
    """Raise Refused unless this member may take packs, and of such a payment where it is said."""
    if not duties.may(member, Action.TAKE_EVIDENCE):
        raise Refused(
            "not_an_auditor",
            f"{member.name} may not take evidence packs.",
            "No pack was made.",
            "Ask an auditor or a treasurer of this customer.",
        )
    reach.check(member, Action.TAKE_EVIDENCE, about, "No pack was made.")
