"""Who is offered what: the policies' own answer, so that a button never leads to a refusal.

The workflows ask the same policies again; nothing here grants anything.
"""

from __future__ import annotations

from collections.abc import Callable

from nostro.domain import duties, operator_evidence, payee_change
from nostro.domain import freeze as freezing
from nostro.domain.duties import Touched
from nostro.domain.errors import Refused
from nostro.domain.freeze import Freeze
from nostro.domain.operator_evidence import OperatorEvidence
from nostro.domain.order import OrderState
from nostro.domain.party import Action, Member
from nostro.domain.payee_advice import is_paid
from nostro.domain.policies import (
    approval,
    change_rights,
    check_rights,
    evidence_pack,
    making,
    matching_rights,
    reading_log,
    recall,
    working_here,
)


def may_cancel(member: Member) -> bool:
    return _may(lambda: recall.may_cancel(member))


def may_hold(member: Member) -> bool:
    return _may(lambda: approval.may_hold(member))


def may_make(member: Member) -> bool:
    return _may(lambda: making.may_make(member))


def why_not_decide_check(member: Member, about: Touched) -> str:
    """Why this member may not decide on a presented check; "" when he may."""
    return _why(lambda: check_rights.may_decide(member, about))


def may_match(member: Member) -> bool:
    return _may(lambda: matching_rights.check(member))


def may_send_advice(member: Member, state: OrderState, about: Touched) -> bool:
    """Whether he may have the payee of this payment, which is in this state, told again."""
    return is_paid(state) and duties.may(member, Action.WORK_ON_CASES, about)


def may_freeze(member: Member) -> bool:
    return _may(lambda: freezing.may_freeze(member))


def why_not_lift(member: Member, stop: Freeze) -> str:
    """Why this member may not agree to lift a stop; "" when he may."""
    return _why(lambda: freezing.may_lift(member, stop))


def may_state(member: Member) -> bool:
    return _may(lambda: operator_evidence.may_state(member))


def why_not_confirm(member: Member, stated: OperatorEvidence) -> str:
    return _why(lambda: operator_evidence.may_confirm(member, stated))


def may_take_evidence(member: Member, about: Touched) -> bool:
    return _may(lambda: evidence_pack.may_take(member, about))


def may_change(member: Member) -> bool:
    """Whether this member works here at all: an auditor only reads."""
    return _may(lambda: working_here.may_change(member))


def check_changes(member: Member) -> None:
    """Raise Refused for a member who only reads."""
    working_here.may_change(member)


def may_read_log(member: Member) -> bool:
    return _may(lambda: reading_log.may_read_log(member))


def check_log(member: Member) -> None:
    """Raise Refused for a member whom the log is not for."""
    reading_log.may_read_log(member)


def may_see_access(member: Member) -> bool:
    """Whether he is shown how people get in."""
    return _may(lambda: change_rights.may_look(member))


def check_access(member: Member) -> None:
    """Raise Refused for a member who does not look after access."""
    change_rights.may_look(member)


def why_not_change_account(member: Member, proposed_by: str) -> str:
    """Why this member may not decide on a corrected account; "" when he may."""
    return _why(lambda: payee_change.may_decide(member, proposed_by))


def _may(asks: Callable[[], None]) -> bool:
    return not _why(asks)


def _why(asks: Callable[[], None]) -> str:
    try:
        asks()
    except Refused as error:
        return error.happened
    return ""
