"""Who may read the log: it tells of everything at once, of people's addresses too."""

from __future__ import annotations

from nostro.domain import duties
from nostro.domain.errors import Refused
from nostro.domain.party import Action, Member


def may_read_log(member: Member) -> None:
    """Raise Refused for a member whose grants do not show him the whole log.

    A grant for one entity or account does not: the log cannot be divided by them.
    """
    if not any(
        grant.everywhere and Action.READ_LOG in duties.allowed_by(grant) for grant in member.held
    ):
        raise Refused(
            "log_not_yours",
            f"The log is not for {member.name} to read.",
            "Nothing of it was shown.",
            "Ask an auditor, a treasurer or an administrator of your company.",
        )
