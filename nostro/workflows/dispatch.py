"""How frozen bytes leave: intent first, one send, and asking, never resending, when in doubt.

What to do is decided in nostro.domain.policies.dispatching; here it is done. A crash at any line
leaves a row that says what was intended; the tick brings it back here, and a row that says
"dispatching" is asked about, never sent again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import msgspec
import structlog

from nostro.domain.case import CaseKind
from nostro.domain.errors import ConnectionUnfit, InDoubt, NostroError
from nostro.domain.freeze import FreezeCause
from nostro.domain.policies import dispatching
from nostro.domain.policies.dispatching import Outcome, Payments, Step
from nostro.domain.submission import SubmissionMove, SubmissionState
from nostro.ports import (
    Outgoing,
    RecallsPayments,
    Receipt,
    SendsPayments,
    TakesCheckFiles,
    TakesPostings,
    TakesStatuses,
)
from nostro.storage import attempts, evidence, freezes, orders, restoring, submissions
from nostro.storage.submissions import StoredSubmission, SubmissionRow
from nostro.storage.tenancy import tenant
from nostro.workflows import reversing, unfit_connections, waiting_files
from nostro.workflows.context import Acting
from nostro.workflows.enquiry import (
    ask,
    ask_status,
    contract_of,
    delivered,
    look_after,
    not_delivered,
    open_case,
    payments_of,
)
from nostro.workflows.lock_order import locked_file
from nostro.workflows.moves import move_submission
from nostro.workflows.unfit_connections import Use

log = structlog.get_logger()


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What this worker has taken upon itself; `tries` is the number of its send, `hand_over` what
    makes the bytes leave."""

    step: Step
    row: StoredSubmission
    channel: object
    claimed_at: datetime
    tries: int
    hand_over: Callable[[], Receipt] | None = None


def attend(acting: Acting, submission_id: UUID) -> SubmissionState | None:
    """Do the next thing a submission needs: send it, ask what became of it, or follow it up.

    Safe to call at any time and from any number of workers. Returns the state it ends in, or None
    when there was nothing that could move it.
    """
    try:
        plan = _claim(acting, submission_id)
    except ConnectionUnfit as failure:
        unfit_connections.put_off(acting, submission_id, failure)
        return None
    except NostroError as failure:
        _cannot_begin(acting, submission_id, failure)
        return None
    if plan is None:
        return None
    if plan.step is Step.ASK:
        return ask(acting, plan.row, plan.channel)
    if plan.step is Step.FOLLOW_UP:
        ask_status(acting, plan.row, plan.channel)
        return None
    if plan.hand_over is None:
        return SubmissionState.DELIVERED  # A payment of it had been heard of.
    return _send(acting, plan, plan.hand_over)


def _claim(acting: Acting, submission_id: UUID) -> Plan | None:
    """Commit the intent before anything leaves; None when there is nothing to do now."""
    now = acting.world.clock.now()
    with tenant(acting.tenant_id):
        freezes.enter_gate()
        row = submissions.lock(submission_id)
        if row is None:
            return None
        channel = unfit_connections.fit_channel(acting, row.connection_id)
        contract, payments = contract_of(channel), _locked_payments(row)
        step = dispatching.next_step(row, payments, now, contract, stopped=False)
        if dispatching.lets_bytes_leave(step) and _is_held_back(acting, row, now):
            step = dispatching.next_step(row, payments, now, contract, stopped=True)
        if dispatching.lets_bytes_leave(step) and (found := waiting_files.outdated(acting, row)):
            step = dispatching.next_step(row, payments, now, contract, stopped=False, outdated=True)
            if step is not Step.ASK:  # In doubt it is asked about, as if it were stopped.
                waiting_files.take_apart_or_set_aside(acting, row, step, found)
                return None
        if step is Step.SEND and reversing.is_over(row):
            reversing.give_up(acting, row)
            return None
        plan = Plan(step=step, row=row, channel=channel, claimed_at=now, tries=row.tries + 1)
        if not dispatching.lets_bytes_leave(step):
            return _take_on(acting, plan, payments)
        hand_over = partial(_door(row, channel), _outgoing(row))
        plan = msgspec.structs.replace(plan, hand_over=hand_over)
        _intend(acting, plan)
        return plan


def _locked_payments(row: SubmissionRow) -> Payments:
    """The payments of a file, which nobody can stop or book until we have committed to a send."""
    if row.state not in dispatching.STILL_OURS:
        return payments_of(row)
    attempt_ids = submissions.attempts_of(row.id)
    orders.lock_only(submissions.order_ids_of(attempt_ids))
    states = (attempt.state for attempt in submissions.lock_attempts(attempt_ids))
    return Payments(Counter(states))


def _is_held_back(acting: Acting, row: SubmissionRow, now: datetime) -> bool:
    """Must these bytes stay for now? A stop holds payments; what asks for money back, or tells an
    ERP, stays only while a restored database may have forgotten that it was sent."""
    if restoring.is_shut(row.connection_id):
        return True
    if row.purpose == submissions.REVERSALS and reversing.is_too_late(row.id, now):
        return True
    if row.dispatched_at and reversing.is_over(row):
        return True
    if row.purpose != submissions.PAYMENTS:
        causes = (FreezeCause.RESTORE,)
        stop = freezes.blocking(connection_id=row.connection_id, causes=causes)
        return stop is not None
    if attempts.any_asked_back(row.id):
        return True
    if row.tries == 0 and submissions.is_heard_of(row.id):
        _heard_before_sent(acting, row)
        return True
    return _is_stopped(row)


def _heard_before_sent(acting: Acting, row: SubmissionRow) -> None:
    """The bytes may have reached the bank by another way: sending them could pay twice."""
    open_case(
        acting,
        row,
        f"The bank speaks of file {row.message_id}, which we have not sent. It stays here.",
        key=f"heard-before-sent/{row.id}",
        can_do="Find out who gave it to the bank; cancel its payments here if the bank has them.",
        kind=CaseKind.CONTRADICTION,
    )


def _is_stopped(row: SubmissionRow) -> bool:
    """Does a stop in force, or an open change of a payee, concern anything in the file?"""
    entity_ids, payee_ids = submissions.entities_and_payees(row.id)
    stop = freezes.blocking(
        connection_id=row.connection_id,
        account_id=row.account_id,
        entity_ids=entity_ids,
        payee_ids=payee_ids,
    )
    return stop is not None or freezes.change_is_open(payee_ids)


def _intend(acting: Acting, plan: Plan) -> None:
    """From here on it counts as sent, whatever becomes of us."""
    row, now = plan.row, plan.claimed_at
    repeated = plan.step is Step.REPEAT
    move_submission(acting, row, SubmissionMove.REPEAT if repeated else SubmissionMove.DISPATCH)
    submissions.update(
        row.id,
        tries=plan.tries,
        dispatched_at=row.dispatched_at or now,
        next_action_at=now + dispatching.SEND_PATIENCE,
    )


def _take_on(acting: Acting, plan: Plan, payments: Payments) -> Plan | None:
    """Everything by which nothing leaves; returns the plan when something remains to be asked."""
    row, now, step = plan.row, plan.claimed_at, plan.step
    if step is Step.BELIEVE:
        delivered(acting, row, plan.channel, reason="heard_of")
        return plan
    if step is Step.FOLLOW_UP:
        found = look_after(acting, row, plan.channel, payments)
        return plan if found.ask_status else None
    if step is Step.LOSE_TRACK:
        move_submission(acting, row, SubmissionMove.LOSE_TRACK, text="the sender stopped")
        row = msgspec.structs.replace(row, enquiries=0)
        submissions.update(row.id, enquiries=0)
        plan = msgspec.structs.replace(plan, row=row, step=Step.ASK)
    if plan.step is Step.ASK:
        again_at = dispatching.ask_again_at(row.enquiries, now)
        submissions.update(row.id, next_action_at=again_at)
        return plan
    _put_off(acting, row, step, now)
    return None


def _put_off(acting: Acting, row: SubmissionRow, step: Step, now: datetime) -> None:
    if step is Step.NOTHING:
        submissions.update(row.id, next_action_at=None)
    elif step is Step.HOLD:
        again_at = now + dispatching.STOPPED_LOOK_AGAIN_AFTER
        submissions.update(row.id, next_action_at=again_at)
    elif step is Step.SET_ASIDE:
        waiting_files.set_aside(acting, row, "a payment in it has been stopped since")


def _cannot_begin(acting: Acting, submission_id: UUID, failure: NostroError) -> None:
    """Something here is not as it must be: nothing left; a person is told, and we try later."""
    log.error("dispatch_cannot_begin", submission_id=str(submission_id), code=failure.code)
    with tenant(acting.tenant_id):
        row = submissions.lock(submission_id)
        if row is None:
            return
        again_at = acting.world.clock.now() + dispatching.CANNOT_BEGIN_AGAIN_AFTER
        submissions.update(row.id, next_action_at=again_at)
        open_case(acting, row, f"File {row.message_id} cannot leave: {failure.happened}")


def _send(acting: Acting, plan: Plan, hand_over: Callable[[], Receipt]) -> SubmissionState | None:
    """The one call to the outside; runs outside any transaction."""
    if dispatching.is_too_late_to_begin(plan.claimed_at, acting.world.clock.now()):
        log.warning("sender_slept", message_id=plan.row.message_id)
        return None  # The row is due: whoever takes it up loses track of it and asks.
    try:
        receipt = hand_over()
    except NostroError as failure:
        return _failed(acting, plan, failure)
    return _taken(acting, plan, receipt)


def _outgoing(row: SubmissionRow) -> Outgoing:
    """The bytes that travel: signed and encrypted ones where the channel wants them so."""
    return Outgoing(
        message_id=row.message_id,
        file_name=row.file_name,
        media_type=row.media_type,
        content=evidence.read(row.sealed_evidence_id or row.evidence_id),
    )


def _door(row: SubmissionRow, channel: object) -> Callable[[Outgoing], Receipt]:
    """What takes such a file; raises ConnectionUnfit, before anything is claimed, if none does."""
    if row.purpose in submissions.FOR_PAYMENT and isinstance(channel, SendsPayments):
        return channel.send
    if row.purpose == submissions.RECALLS and isinstance(channel, RecallsPayments):
        return channel.recall
    if row.purpose in submissions.OF_CHECKS and isinstance(channel, TakesCheckFiles):
        return channel.tell_checks
    if row.purpose == submissions.POSTINGS and isinstance(channel, TakesPostings):
        return channel.post
    if row.purpose == submissions.STATUSES and isinstance(channel, TakesStatuses):
        return channel.tell
    raise ConnectionUnfit(
        "connection_cannot_send",
        f"It does not take {row.purpose}, and {row.message_id} is to be sent by it.",
        "Nothing left; it waits.",
        "Give the connection a connector, or settings, with which it does.",
    )


def _taken(acting: Acting, plan: Plan, receipt: Receipt) -> SubmissionState | None:
    with tenant(acting.tenant_id):
        current = locked_file(plan.row.id)
        if current is None or not _move_after(plan, current, Outcome.TAKEN):
            return current.state if current else None  # The bank's own word was quicker.
        outcome = f"{current.message_id} was taken by the other side."
        unfit_connections.mended(acting, current.connection_id, Use.SENDING, outcome)
        return delivered(acting, current, plan.channel, reference=receipt.reference)


def _failed(acting: Acting, plan: Plan, failure: NostroError) -> SubmissionState | None:
    """Surely nothing happened, a definite no, or it may have happened."""
    outcome = dispatching.outcome_of(failure)
    if outcome is Outcome.IN_DOUBT and not isinstance(failure, InDoubt):
        log.error("unclassified_failure", code=failure.code)
    with tenant(acting.tenant_id):
        current = locked_file(plan.row.id)
        step = _move_after(plan, current, outcome) if current else None
        if current and isinstance(failure, ConnectionUnfit):
            unfit_connections.tell(acting, current.connection_id, Use.SENDING, failure)
        log.warning("send_failed", message_id=plan.row.message_id, code=failure.code, step=step)
        if current is None or step is None:
            return current.state if current else None
        reason, text = failure.code, failure.happened
        if step is SubmissionMove.NOT_DELIVER and isinstance(failure, ConnectionUnfit):
            return _waits(acting, current, failure)
        if step is SubmissionMove.NOT_DELIVER:
            again_at = _retry_at(acting, current, failure)
            return not_delivered(acting, current, again_at, reason=reason, why=text, text=text)
        after = move_submission(acting, current, step, reason=reason, text=text)
        if step is SubmissionMove.LOSE_TRACK:
            _lost_track(acting, plan, current)
        else:
            submissions.update(current.id, next_action_at=None)
            _refused(acting, current, failure)
        return after


def _waits(acting: Acting, row: StoredSubmission, failure: ConnectionUnfit) -> SubmissionState:
    """Its connection must be mended first: until then it waits, however often it is tried."""
    reason, text = failure.code, failure.happened
    after = move_submission(acting, row, SubmissionMove.NOT_DELIVER, reason=reason, text=text)
    again_at = dispatching.unfit_again_at(row, acting.world.clock.now())
    submissions.update(row.id, next_action_at=again_at, tries=row.tries - 1)
    return after


def _move_after(plan: Plan, current: StoredSubmission, outcome: Outcome) -> SubmissionMove | None:
    return dispatching.move_after_send(
        current.state,
        outcome,
        latest=current.tries == plan.tries,
        repeated=plan.step is Step.REPEAT,
    )


def _retry_at(acting: Acting, row: SubmissionRow, failure: NostroError) -> datetime | None:
    asked = getattr(failure, "retry_after_seconds", None)
    pause = timedelta(seconds=asked) if asked else None
    return dispatching.retry_at(row.tries, acting.world.clock.now(), pause)


def _lost_track(acting: Acting, plan: Plan, current: SubmissionRow) -> None:
    """Ask, from the first rung. If others have sent since, their "no" proves nothing any more."""
    overtaken = current.tries != plan.tries
    submissions.update(
        current.id,
        enquiries=0,
        next_action_at=dispatching.ask_again_at(0, acting.world.clock.now()),
        tries=current.tries + 1 if overtaken else current.tries,
    )


# What has no other voice than its file: refused payments have a case each.
_VOICELESS = {
    submissions.POSTINGS: ("Journals", "the journals are"),
    submissions.STATUSES: ("Payment statuses", "the news is"),
    submissions.CHECKS: ("Issued checks", "they are"),
    submissions.CHECK_DECISIONS: ("Decisions on presented checks", "they are"),
}


def _refused(acting: Acting, row: SubmissionRow, failure: NostroError) -> None:
    """Files for an ERP, and of checks, that are refused open a case; payments open one each by
    themselves."""
    if row.purpose in _VOICELESS:
        what, kept = _VOICELESS[row.purpose]
        sentence = f"{what} {row.message_id} were refused: {failure.happened}"
        can_do = failure.can_do or f"Correct the cause; {kept} kept in the file."
        open_case(acting, row, sentence, can_do=can_do)
