"""Which cases only a treasurer or approver may close: those whose end lets money move again."""

from __future__ import annotations

from nostro.domain import duties
from nostro.domain.case import CaseKind
from nostro.domain.errors import Refused
from nostro.domain.party import Action, Member

# What a bank is to be asked after a restore; its end is part of what lifts the stop.
RESTORE_QUESTION = "restore/"


def may_resolve(member: Member, kind: CaseKind, natural_key: str) -> None:
    """Raise Refused unless this member may close a case of this kind and cause.

    A contradiction that is closed lets a payment be made again, and the question of a restore lets
    everything leave again: a program's key, or whoever made the payment, cannot answer them.
    """
    delicate = kind is CaseKind.CONTRADICTION or natural_key.startswith(RESTORE_QUESTION)
    if not delicate or (member.is_person and duties.may(member, Action.END_DOUBTS)):
        return
    raise Refused(
        "not_a_treasurer",
        f"{member.name} may not close this case.",
        "The case stays open.",
        "Ask a treasurer or an approver of this customer.",
    )
