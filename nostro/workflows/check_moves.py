"""The one place where issued checks move: by the word of a person, a file that arrived, a booking.

Every move is an event; what a state asks of the files comes with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from nostro.domain.case import CASE, CaseKind, CaseMove
from nostro.domain.check_exception import (
    CHECK_EXCEPTION,
    Decision,
    ExceptionMove,
    ExceptionState,
)
from nostro.domain.check_state import CHECK, DEAD, CheckMove, CheckState
from nostro.domain.submission import SubmissionState
from nostro.storage import cases, check_exceptions, checks, events
from nostro.storage.check_exceptions import ExceptionRow
from nostro.storage.checks import CheckRow
from nostro.storage.submissions import SubmissionRow
from nostro.workflows import case_work
from nostro.workflows.case_work import new_case
from nostro.workflows.context import Acting

_ACKNOWLEDGED = SubmissionState.ACKNOWLEDGED
_AT_THE_BANK = (SubmissionState.DELIVERED, _ACKNOWLEDGED)
_REFUSED = SubmissionState.REFUSED
# What reaches the bank with a file, by the state in which the check waits for that.
_TOLD = {
    CheckState.ISSUED: CheckMove.TELL,
    CheckState.VOID_ASKED: CheckMove.VOID,
    CheckState.STOP_ASKED: CheckMove.STOP,
}


def move(
    acting: Acting, rows: Sequence[CheckRow], step: CheckMove, *, text: str = "", **changes: Any
) -> None:
    """Move locked checks; raises NotAllowed when one of them has no such move."""
    now = acting.world.clock.now()
    by_state: dict[CheckState, list[UUID]] = {}
    for row in rows:
        by_state.setdefault(CHECK.after(row.state, step), []).append(row.id)
    for state, ids in by_state.items():
        checks.set_state(ids, state, now, **changes)
    own = [
        {
            "number": row.number,
            "state_before": row.state.value,
            "state_after": CHECK.after(row.state, step).value,
        }
        for row in rows
    ]
    told = {"move": step.value, "text": text}
    ids = [row.id for row in rows]
    events.record_alike(acting.alike("check.moved", "check", ids, own, **told))


def follow(acting: Acting, file: SubmissionRow, after: SubmissionState) -> list[UUID]:
    """A file with checks has come into another state: the bank knows now what it says.

    What was asked for since its bytes were frozen is in no file yet, and due. Returns the orders
    whose checks cannot be paid any more: where the bank has said that it has the file, not where it
    was merely put down. Until then a Case asks people to find out.
    """
    rows = checks.in_file(file.id) if after in (*_AT_THE_BANK, _REFUSED) else []
    if after is _REFUSED:
        unknown = [row for row in rows if CHECK.allows(row.state, CheckMove.REFUSE)]
        move(acting, unknown, CheckMove.REFUSE, text=f"The bank refused {file.message_id}.")
        _may_be_paid_after_all(acting, unknown)
        return []
    dead = [row for row in rows if row.state in DEAD and row.act_file_id == file.id]
    for state, step in _TOLD.items():
        told = [row for row in rows if row.state is state and _carries(row, file.id)]
        if told:
            move(acting, told, step, text=f"The bank has file {file.message_id}.")
            dead += told if step is not CheckMove.TELL else []
    due = [row.id for row in rows if row.act_file_id is None and row.state in _TOLD]
    checks.update(due, next_action_at=acting.world.clock.now())
    paying = [row for row in dead if row.order_id]
    if after is not _ACKNOWLEDGED:
        _not_confirmed(acting, [row for row in paying if row.state not in DEAD])
        return []
    confirmed(acting, paying, f"The bank has acknowledged {file.message_id}.")
    return [row.order_id for row in paying if row.order_id]


def ended(rows: Sequence[CheckRow], step: CheckMove) -> list[UUID]:
    """The orders that a move of their checks ends: the bank knows that it must not pay them."""
    dead = step in (CheckMove.VOID, CheckMove.STOP)
    return [row.order_id for row in rows if row.order_id and dead]


def confirmed(acting: Acting, rows: Sequence[CheckRow], outcome: str) -> None:
    """The bank knows that these checks are dead: nobody has to ask it any more."""
    for row in rows:
        case = cases.lock_by_key(CaseKind.CHECK, _asks_the_bank(row))
        if case and CASE.allows(case.state, CaseMove.RESOLVE):
            case_work.move(acting, case, CaseMove.RESOLVE, outcome=outcome)


def _asks_the_bank(row: CheckRow) -> str:
    return f"check-not-confirmed/{row.id}"


def _not_confirmed(acting: Acting, rows: Sequence[CheckRow]) -> None:
    """Many banks say nothing to a file of checks; silence is no yes, so people ask."""
    for row in rows:
        told = new_case(
            acting,
            CaseKind.CHECK,
            _asks_the_bank(row),
            f"The bank was told to pay check {row.number} over {row.amount} no more and has not"
            " said yes; its payment stays open.",
            "It ends by itself when the bank acknowledges the file. Else ask the bank; then"
            " somebody who did not ask for it notes at the check that the bank knows.",
            amount=row.amount,
            order_id=row.order_id,
        )
        case_work.open_again(acting, told)


def _may_be_paid_after_all(acting: Acting, rows: Sequence[CheckRow]) -> None:
    """The bank refused the word that a check is dead. Its payment may have been ended by a person
    who said that the bank knows."""
    for row in rows:
        if row.order_id is None or row.state not in DEAD:
            continue
        told = new_case(
            acting,
            CaseKind.CHECK,
            f"check-not-dead/{row.id}",
            f"The bank refused the file that says that check {row.number} is"
            f" {row.state}: it may still pay the check.",
            "Tell the bank by its portal or on the phone before anything is paid in its place.",
            amount=row.amount,
            order_id=row.order_id,
        )
        case_work.open_again(acting, told)
        confirmed(acting, [row], "The bank refused the file; another case is open.")


def move_exceptions(
    acting: Acting,
    rows: Sequence[ExceptionRow],
    step: ExceptionMove,
    *,
    text: str = "",
    **changes: Any,
) -> None:
    """Move locked presented checks; raises NotAllowed when one of them has no such move."""
    now = acting.world.clock.now()
    by_state: dict[ExceptionState, list[UUID]] = {}
    for row in rows:
        by_state.setdefault(CHECK_EXCEPTION.after(row.state, step), []).append(row.id)
    for state, ids in by_state.items():
        check_exceptions.update(ids, state=state.value, state_since=now, **changes)
    own = [
        {
            "number": row.number,
            "state_before": row.state.value,
            "state_after": CHECK_EXCEPTION.after(row.state, step).value,
        }
        for row in rows
    ]
    decision = changes.get("decision") or ""
    told = {"move": step.value, "text": text, "decision": str(decision)}
    ids = [row.id for row in rows]
    events.record_alike(acting.alike("check_exception.moved", "check_exception", ids, own, **told))


def follow_decisions(acting: Acting, file: SubmissionRow, after: SubmissionState) -> None:
    """A file of decisions has come into another state: the bank knows them, or never will by it."""
    if after in _AT_THE_BANK:
        rows = [
            row
            for row in check_exceptions.in_file(file.id)
            if CHECK_EXCEPTION.allows(row.state, ExceptionMove.TELL)
        ]
        text = f"The bank has file {file.message_id}."
        move_exceptions(acting, rows, ExceptionMove.TELL, text=text, next_action_at=None)
        given_back(acting, [row for row in rows if row.decision is Decision.RETURN])
    elif after in (_REFUSED, SubmissionState.ABANDONED):
        rows = check_exceptions.in_file(file.id)
        waiting = [row.id for row in rows if row.state is ExceptionState.DECIDED]
        check_exceptions.update(waiting, decision_file_id=None, next_action_at=rows[0].decide_by)


def given_back(acting: Acting, rows: Sequence[ExceptionRow]) -> None:
    """The bank returns these unpaid: so the checks are, if they are what was presented. A second
    one of a number that was paid says nothing of the first."""
    ids = {row.issued_id for row in rows if row.issued_id}
    back = [
        row
        for row in checks.lock(ids)
        if row.state is not CheckState.PAID and CHECK.allows(row.state, CheckMove.RETURN)
    ]
    move(acting, back, CheckMove.RETURN, text="The bank gave it back unpaid.", next_action_at=None)
    not_paid(acting, back)


def not_paid(acting: Acting, rows: Sequence[CheckRow]) -> None:
    """A person decides what becomes of payments whose checks came back: they may come again."""
    for row in rows:
        if row.order_id is None:
            continue
        told = new_case(
            acting,
            CaseKind.CHECK,
            f"check-came-back/{row.id}",
            f"The bank gave back check {row.number} over {row.amount}; the payee of its payment"
            " does not have the money.",
            "It may be presented again. To pay otherwise have it stopped first, and wait until the"
            " bank knows.",
            amount=row.amount,
            order_id=row.order_id,
        )
        case_work.open_again(acting, told)


def _carries(row: CheckRow, file_id: UUID) -> bool:
    place = row.issue_file_id if row.state is CheckState.ISSUED else row.act_file_id
    return place == file_id
