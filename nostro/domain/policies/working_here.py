"""Who works for a customer at all: an auditor reads everything and changes nothing."""

from __future__ import annotations

from nostro.domain import duties
from nostro.domain.errors import Refused
from nostro.domain.party import Action, Member


def may_change(member: Member) -> None:
    """Raise Refused for a member who only reads."""
    if not member.is_person or not duties.may(member, Action.WORK_ON_CASES):
        raise Refused(
            "reads_only",
            f"{member.name} may read everything and change nothing.",
            "Nothing was changed.",
            "Ask somebody who works with payments.",
        )
