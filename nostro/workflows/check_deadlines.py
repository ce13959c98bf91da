"""The clock of presented checks: a warning before it, the bank's default after it, both told.

A decision leaves a minute after it was made; one that did not arrive in time is a Case.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from nostro.domain.case import CaseKind
from nostro.domain.check_exception import WAITS, Decision, ExceptionMove, ExceptionState
from nostro.domain.errors import Invalid, NostroError, Refused
from nostro.domain.policies.positive_pay import warn_at
from nostro.storage import check_exceptions
from nostro.storage.check_exceptions import ExceptionRow
from nostro.storage.tenancy import tenant
from nostro.workflows import case_work, check_decisions
from nostro.workflows.case_work import new_case
from nostro.workflows.check_moves import given_back, move_exceptions
from nostro.workflows.context import Acting
from nostro.workflows.local_clock import local
from nostro.workflows.presented_checks import default_words

_TICK = timedelta(seconds=1)


def attend(acting: Acting, exception_id: UUID) -> None:
    """Do what the clock asks of a presented check: tell people, tell the bank, or note that the
    bank does now what was agreed for when nobody decides. Safe to call at any time."""
    try:
        _attend(acting, exception_id)
    except (Refused, Invalid) as refusal:
        _cannot_tell(acting, exception_id, refusal)


def _attend(acting: Acting, exception_id: UUID) -> None:
    with tenant(acting.tenant_id):
        rows = check_exceptions.lock([exception_id])
        if not rows:
            return
        row, now = rows[0], acting.world.clock.now()
        if row.state not in (*WAITS, ExceptionState.DECIDED):
            check_exceptions.update([row.id], next_action_at=None)
        elif now > row.decide_by:
            _lapse(acting, row)
        elif row.state is ExceptionState.DECIDED:
            _send(acting, row, now)
        elif now >= warn_at(row.decide_by):
            _warn(acting, row)
            check_exceptions.update([row.id], next_action_at=_after(row.decide_by))
        else:
            check_exceptions.update([row.id], next_action_at=warn_at(row.decide_by))


def _send(acting: Acting, row: ExceptionRow, now: datetime) -> None:
    due = row.decided_at is None or now >= min(
        row.decided_at + check_decisions.GATHER, row.decide_by
    )
    if row.decision_file_id is None and due:
        check_decisions.tell_bank(acting, row.account_id)
        again_at = _after(row.decide_by)
    elif row.decision_file_id is None and row.decided_at:
        again_at = row.decided_at + check_decisions.GATHER
    else:
        again_at = _after(row.decide_by)
    check_exceptions.update([row.id], next_action_at=again_at)


def _after(deadline: datetime) -> datetime:
    """The first look when nobody can decide any more."""
    return deadline.replace(microsecond=0) + _TICK


def _warn(acting: Acting, row: ExceptionRow) -> None:
    count = check_exceptions.waiting(row.account_id, row.decide_by)
    until = local(row.decide_by, row.time_zone)
    what = f"Check {row.number} of {row.account_name}" if count == 1 else f"{count} checks"
    case_work.open_again(
        acting,
        new_case(
            acting,
            CaseKind.CHECK,
            check_decisions.warning_key(row),
            f"{what} must be decided until {until}; else the bank {_default(row)}.",
            "Pay or return on the page of positive pay.",
            due_at=row.decide_by,
        ),
    )


def _lapse(acting: Acting, row: ExceptionRow) -> None:
    """Nobody decided, or the bank cannot have heard in time: it does what was agreed."""
    decided = row.state is ExceptionState.DECIDED
    text = f"The bank {_default(row)}: nobody decided in time."
    if decided:
        text = f"The decision did not surely reach the bank in time: it {_default(row)}."
    move_exceptions(acting, [row], ExceptionMove.DEFAULT, text=text, next_action_at=None)
    if row.if_nobody is Decision.RETURN:
        given_back(acting, [row])
    until = local(row.decide_by, row.time_zone)
    why = "nobody decided on" if not decided else "the bank had no decision on"
    case_work.open_again(
        acting,
        new_case(
            acting,
            CaseKind.CHECK,
            f"check-default/{row.id}",
            f"Until {until} {why} check {row.number} of {row.account_name} over {row.amount}: the"
            f" bank {_default(row)}.",
            "If that is wrong, ring the bank at once; compare its next statement.",
            amount=row.amount,
        ),
    )


def _default(row: ExceptionRow) -> str:
    return default_words(row.if_nobody)


def _cannot_tell(acting: Acting, exception_id: UUID, refusal: NostroError) -> None:
    """The decision stands and the bank does not know: a person must tell it before the clock."""
    with tenant(acting.tenant_id):
        rows = check_exceptions.lock([exception_id])
        if not rows:
            return
        row = rows[0]
        check_exceptions.update([row.id], next_action_at=_after(row.decide_by))
        case_work.open_again(
            acting,
            new_case(
                acting,
                CaseKind.CHECK,
                f"check-decision-untold/{row.account_id}/{row.decide_by.isoformat()}",
                f"The bank was not told the decisions on checks of {row.account_name}:"
                f" {refusal.happened}",
                f"Ring the bank until {local(row.decide_by, row.time_zone)}. {refusal.can_do}",
                due_at=row.decide_by,
            ),
        )
