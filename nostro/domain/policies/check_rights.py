"""Who may put checks into the register, void or stop them, and decide on what is presented."""

from __future__ import annotations

from nostro.domain import duties
from nostro.domain.duties import Touched
from nostro.domain.errors import Refused
from nostro.domain.money import Money
from nostro.domain.party import Action, Member
from nostro.domain.policies import reach

_NOTHING = "Nothing was changed."


def may_register(member: Member, about: Touched | None = None) -> None:
    """Raise Refused unless this member may say which checks were issued."""
    if not duties.may(member, Action.MAKE_PAYMENTS):
        raise Refused(
            "not_a_maker",
            f"{member.name} may not enter checks into the register.",
            _NOTHING,
            "Ask a maker of this customer.",
        )
    reach.check(member, Action.MAKE_PAYMENTS, about, _NOTHING)


def may_take_back(member: Member, about: Touched | None = None) -> None:
    """Raise Refused unless this member may void and stop checks: it keeps money here."""
    if not duties.may(member, Action.TAKE_BACK_PAYMENTS):
        raise Refused(
            "not_a_maker",
            f"{member.name} may not void or stop checks.",
            _NOTHING,
            "Ask a maker or an approver of this customer.",
        )
    reach.check(member, Action.TAKE_BACK_PAYMENTS, about, _NOTHING)


def may_decide(member: Member, about: Touched | None = None) -> None:
    """Raise Refused unless this member may say what becomes of a presented check."""
    if not member.is_person:
        raise Refused(
            "keys_never_approve",
            "Only a person can decide on a presented check, never a key.",
            _NOTHING,
            "Decide in the console, or with a personal token.",
        )
    if not duties.may(member, Action.APPROVE_PAYMENTS):
        raise Refused(
            "not_an_approver",
            f"{member.name} does not have the approver role.",
            _NOTHING,
            "Ask an approver or a treasurer of this customer.",
        )
    reach.check(member, Action.APPROVE_PAYMENTS, about, _NOTHING)


def pays_alone(amount: Money, second_above: Money | None, involved: bool) -> bool:
    """Whether one person's word is enough to have a check paid: not above the amount that was
    agreed, not in another currency than that, and not of whoever had to do with the check."""
    if involved:
        return False
    if second_above is None:
        return True
    return amount.currency == second_above.currency and amount.minor <= second_above.minor
