"""The one place where submissions, attempts and their orders move, always as sets.

A connector's outcome, a status report, a webhook and a statement line all come through here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from uuid import UUID

from nostro.domain.attempt import (
    ORDER_MOVE_OF,
    RANK,
    AttemptMove,
    AttemptState,
    Verdict,
    judge,
)
from nostro.domain.case import (
    CASE,
    RECALL_MOVE_OF,
    REVERSAL_MOVE_OF,
    CaseKind,
    CaseMove,
    RecallMove,
    ReversalMove,
)
from nostro.domain.finality import RETURN_BANK_DAYS, finality_until
from nostro.domain.order import OrderMove, OrderState
from nostro.domain.payment import Rail
from nostro.domain.submission import ATTEMPT_MOVE_OF, SUBMISSION, SubmissionMove, SubmissionState
from nostro.storage import attempts, cases, events, orders, submissions
from nostro.storage.cases import NewCase
from nostro.storage.submissions import AttemptRow, SubmissionRow
from nostro.workflows import (
    answered_enquiries,
    case_work,
    check_moves,
    contradictions,
    falling_back,
    posting,
)
from nostro.workflows.context import Acting

# What ends the case of a file whose outcome was unknown.
KNOWN_AT_LAST = {
    SubmissionState.DELIVERED: "The bank has the file.",
    SubmissionState.ACKNOWLEDGED: "The bank has answered the file.",
    SubmissionState.REFUSED: "The bank refused the file.",
}
CASE_DUE_IN = timedelta(days=1)


def move_submission(
    acting: Acting, row: SubmissionRow, step: SubmissionMove, *, reason: str = "", text: str = ""
) -> SubmissionState:
    """Move one locked submission and, as its table says, the attempts inside it."""
    after = SUBMISSION.after(row.state, step)
    now = acting.world.clock.now()
    submissions.update(row.id, state=after.value, state_since=now, last_error=text)
    happened = acting.event(
        "submission.moved",
        "submission",
        row.id,
        state_before=row.state.value,
        state_after=after.value,
        message_id=row.message_id,
        reason=reason,
        text=text,
    )
    events.record([happened])
    if row.purpose == submissions.PAYMENTS and (inside := ATTEMPT_MOVE_OF.get(after)):
        move_attempts(acting, _meant(row, step), inside, reason=reason, text=text)
    if row.purpose == submissions.CHECKS:
        end_by_check(acting, check_moves.follow(acting, row, after))
    if row.purpose == submissions.CHECK_DECISIONS:
        check_moves.follow_decisions(acting, row, after)
    if row.state is SubmissionState.UNKNOWN and after in KNOWN_AT_LAST:
        case_work.end_enquiries(acting, row.id, KNOWN_AT_LAST[after], key=str(row.id))
    if step_of_case := _CASE_MOVE_OF.get(row.purpose, {}).get(after):
        _move_asking_cases(acting, row, step_of_case, text)
    return after


def end_by_check(acting: Acting, order_ids: Collection[UUID]) -> None:
    """End the orders whose checks the bank knows to be dead: cancelled, or returned where one had
    been paid and its money came back before."""
    orders.lock_only(order_ids)
    text = "Its check is void or stopped, and the bank knows it."
    stopped = move_orders(acting, order_ids, OrderMove.STOP, reason="check", text=text)
    left = [order_id for order_id in order_ids if order_id not in stopped]
    returned = move_orders(acting, left, OrderMove.RETURN, reason="check", text=text)
    posting.reset_returned(acting, returned, "check given back and stopped")


def _meant(row: SubmissionRow, step: SubmissionMove) -> list[UUID]:
    """Whom a move of the file is about. To give a file up is our own decision and no word of the
    bank: what has ended in it, cancelled here perhaps, has ended."""
    if step is not SubmissionMove.ABANDON:
        return submissions.attempts_of(row.id)
    still_open = {state for state, rank in RANK.items() if rank < RANK[AttemptState.EXECUTED]}
    return [attempt.id for attempt in submissions.attempts_in(row.id, still_open)]


# What a file that asks for money back does to its cases.
_CASE_MOVE_OF: Mapping[str, Mapping[SubmissionState, RecallMove | ReversalMove]] = {
    submissions.RECALLS: {**RECALL_MOVE_OF},
    submissions.REVERSALS: {**REVERSAL_MOVE_OF},
}


def _move_asking_cases(
    acting: Acting, row: SubmissionRow, step: RecallMove | ReversalMove, text: str
) -> None:
    """The request has reached the bank: its cases wait for the answer. Or it never will: then they
    are a person's again."""
    onwards = CaseMove.ANSWER if step is ReversalMove.REFUSE else CaseMove.ASK
    for case in cases.of_request(row.id):
        if case_work.allows_stage(case, step):
            moved = case_work.move_stage(acting, case, step, text=text)
            if CASE.allows(moved.state, onwards):
                case_work.move(acting, moved, onwards)


def move_attempts(
    acting: Acting,
    attempt_ids: Collection[UUID],
    step: AttemptMove,
    *,
    reason: str = "",
    text: str = "",
) -> dict[UUID, Verdict]:
    """Apply one word to a set of attempts; returns what it did to each.

    Orders are locked before attempts (lifecycle rule 13). A word that is late is kept; one that
    contradicts what is settled opens a Case; neither changes a state.
    """
    orders.lock_only(submissions.order_ids_of(attempt_ids))
    verdicts: dict[UUID, Verdict] = {}
    targets: dict[AttemptState, list[AttemptRow]] = {}
    contradicted: list[AttemptRow] = []
    for row in submissions.lock_attempts(attempt_ids):
        verdict, after = judge(row.state, step)
        verdicts[row.id] = verdict
        if verdict is Verdict.APPLIED:
            targets.setdefault(after, []).append(row)
        elif verdict is Verdict.CONTRADICTS:
            contradicted.append(row)
    for after, rows in targets.items():
        _write(acting, rows, after, step, reason, text)
    if contradicted:
        contradictions.open_for(acting, contradicted, step, reason)
    return verdicts


def _write(
    acting: Acting,
    rows: list[AttemptRow],
    after: AttemptState,
    step: AttemptMove,
    reason: str,
    text: str,
) -> None:
    now = acting.world.clock.now()
    submissions.set_attempt_state([row.id for row in rows], after, now, reason, text)
    own = [
        {
            "state_before": row.state.value,
            "order_id": row.order_id,
            "end_to_end_id": row.end_to_end_id,
        }
        for row in rows
    ]
    told = {"state_after": after.value, "move": step.value, "reason": reason, "text": text}
    events.record_alike(
        acting.alike("attempt.moved", "attempt", [row.id for row in rows], own, **told)
    )
    _follow(acting, rows, after, reason, text)


def _follow(
    acting: Acting, rows: list[AttemptRow], after: AttemptState, reason: str, text: str
) -> None:
    """What the new state of attempts does to their orders, dates, cases and postings."""
    files = {row.submission_id for row in rows}
    if again := falling_back.take_next_way(acting, rows, after, reason):
        now = acting.world.clock.now()
        move_orders_on(acting, again, (OrderMove.REROUTE,), due=now, reason=reason, text=text)
        rows = [row for row in rows if row.order_id not in again]
    if order_step := ORDER_MOVE_OF.get(after):
        order_ids = [row.order_id for row in rows]
        if order_step is OrderMove.RETURN:  # What we asked back is recalled, the rest returned.
            asked_back = cases.under_recall(order_ids)
            move_orders(acting, asked_back, OrderMove.RECALL, reason=reason, text=text)
        move_orders(acting, order_ids, order_step, reason=reason, text=text)
    if after is AttemptState.EXECUTED:
        _date_finality(acting, [row.id for row in rows])
    if after is AttemptState.REJECTED:
        _open_rejections(acting, rows, reason, text)
        posting.reset_rejected(acting, [row.order_id for row in rows], reason)
    if RANK[after] >= RANK[AttemptState.EXECUTED]:
        answered_enquiries.end_if_settled(acting, files)


def _date_finality(acting: Acting, attempt_ids: list[UUID]) -> None:
    """Until when their rail lets these payments come back."""
    today = acting.world.clock.now().date()
    for rail, ids in attempts.by_rail(attempt_ids).items():
        if rail not in RETURN_BANK_DAYS:
            continue
        until = finality_until(Rail(rail), today, partial(_bank_day, acting))
        if until:
            attempts.set_finality(ids, until)


def _bank_day(acting: Acting, day: date) -> date:
    return acting.world.calendar.next_bank_day(day, "EUR")  # The rails with a term are in euro.


def move_orders(
    acting: Acting,
    order_ids: Collection[UUID],
    step: OrderMove,
    *,
    reason: str = "",
    text: str = "",
) -> list[UUID]:
    """Move a set of locked orders; returns those whose state allowed it."""
    return move_orders_on(acting, order_ids, (step,), reason=reason, text=text)


def move_orders_on(
    acting: Acting,
    order_ids: Collection[UUID],
    steps: Sequence[OrderMove],
    *,
    due: datetime | None = None,
    reason: str = "",
    text: str = "",
) -> list[UUID]:
    """The same for moves one after another; those that moved are due to be looked at at `due`."""
    moved = orders.move(order_ids, steps, acting.world.clock.now(), due)
    for place, step in enumerate(steps):
        by_state: dict[OrderState, list[UUID]] = {}
        for order_id, states in moved.items():
            by_state.setdefault(states[place], []).append(order_id)
        for state, ids in by_state.items():
            moved_so = acting.alike(
                "order.moved",
                "order",
                ids,
                state_after=state.value,
                move=step.value,
                reason=reason,
                text=text,
            )
            events.record_alike(moved_so)
    return list(moved)


def _open_rejections(acting: Acting, rows: list[AttemptRow], reason: str, text: str) -> None:
    now = acting.world.clock.now()
    cases.open_all(
        [
            NewCase(
                id=acting.world.ids.new(),
                kind=CaseKind.REJECTION,
                natural_key=str(row.id),
                sentence=f"The bank rejected payment {row.end_to_end_id}"
                f" ({reason or 'no reason given'}{': ' + text if text else ''}).",
                can_do=case_work.REPAIR_OR_DROP,
                due_at=now + CASE_DUE_IN,
                order_id=row.order_id,
                submission_id=row.submission_id,
            )
            for row in rows
        ],
        now,
    )
