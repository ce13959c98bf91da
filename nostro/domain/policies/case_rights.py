"""Which cases only a treasurer or approver may close: those whose end lets money move again."""

from __future__ import annotations

from nostro.domain import duties
from nostro.domain.case import CaseKind
from nostro.domain.duties import Touched
from nostro.domain.errors import Refused
from nostro.domain.party import Action, Member
from nostro.domain.policies import reach
from nostro.domain.policies.approval import Authorship

# What a bank is to be asked after a restore; its end is part of what lifts the stop.
RESTORE_QUESTION = "restore/"


def may_resolve(
    member: Member, kind: CaseKind, natural_key: str, about: Touched | None = None
) -> None:
    """Raise Refused unless this member may close a case of this kind and cause. `about` is the
    payment that it is about, if any.

    A contradiction that is closed lets a payment be made again, and the question of a restore lets
    everything leave again: a program's key, or whoever made the payment, cannot answer them.
    """
    delicate = kind in (CaseKind.CONTRADICTION, CaseKind.PAYEE) or natural_key.startswith(
        RESTORE_QUESTION
    )
    if not delicate:
        return
    if member.is_person and duties.may(member, Action.END_DOUBTS):
        reach.check(member, Action.END_DOUBTS, about, "The case stays open.")
        return
    raise Refused(
        "not_a_treasurer",
        f"{member.name} may not close this case.",
        "The case stays open.",
        "Ask a treasurer or an approver of this customer.",
    )


def check_second_person(member: Member, authors: Authorship) -> None:
    """Raise Refused for who made the payment, or had a hand in its payee's account: whether it is
    paid though the name is not the account's is for somebody else to say."""
    if member.id in authors.people:
        raise Refused(
            "maker_cannot_close",
            f"{member.name} made this payment, or changed its payee's details or rules.",
            "The case stays open.",
            "Ask another treasurer or approver to look at both names.",
        )
