"""How the bank is asked: about a file in doubt, and about payments that it has and is silent on.

The ladder: the bank's status API, what it says of the file, its mailbox, the statements as they
come, then a person. Every rung ends in a later one or in a case; none ends in silence.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from nostro.domain.attempt import AttemptMove, AttemptState, Verdict
from nostro.domain.case import CaseKind, EnquiryMove
from nostro.domain.errors import NostroError
from nostro.domain.event import Event
from nostro.domain.policies import cut_off, dispatching
from nostro.domain.policies.dispatching import Contract, FollowUp, Payments
from nostro.domain.submission import SubmissionMove, SubmissionState
from nostro.ports import (
    AcceptsBySilence,
    AnswersEnquiries,
    DeliversMessages,
    RepeatsSafely,
    ReportsStatus,
)
from nostro.storage import cases, events, submissions
from nostro.storage.cases import NewCase
from nostro.storage.submissions import NewFact, StoredSubmission, SubmissionRow
from nostro.storage.tenancy import tenant
from nostro.workflows import answered_enquiries, answers, case_work, cut_off_days
from nostro.workflows.context import Acting
from nostro.workflows.lock_order import locked_file
from nostro.workflows.moves import CASE_DUE_IN, move_attempts, move_submission
from nostro.workflows.wake import wake

log = structlog.get_logger()

RING_THE_BANK = "Ring the bank with the message id; never send the file again yourself."
SILENCE = "silence"  # The kind of the fact, and the reason of the move.
_SILENT = (AttemptState.DELIVERED, AttemptState.RECEIVED)


def contract_of(channel: object) -> Contract:
    """What the bank promises of this channel, by the protocols that it implements."""
    never = timedelta()
    return Contract(
        reports_status=isinstance(channel, ReportsStatus),
        repeatable_for=channel.repeatable_for() if isinstance(channel, RepeatsSafely) else never,
        silent_after=channel.silent_after() if isinstance(channel, AcceptsBySilence) else never,
    )


def payments_of(row: SubmissionRow) -> Payments:
    return Payments(submissions.attempts_by_state(row.id))


# In doubt.


def ask(acting: Acting, row: StoredSubmission, channel: object) -> SubmissionState | None:
    """Ask the bank about an unknown outcome; "it never had it" is believed, silence is not."""
    ask_status(acting, row, channel)
    known = _knows(row, channel)
    with tenant(acting.tenant_id):
        current = locked_file(row.id)
        if current is None or current.state is not SubmissionState.UNKNOWN:
            return current.state if current else None
        events.record([_asked(acting, current, known)])
        now = acting.world.clock.now()
        step = dispatching.move_after_enquiry(current, payments_of(current), now, known)
        if step is SubmissionMove.DELIVER:
            return delivered(acting, current, channel, reason="enquiry")
        if step is SubmissionMove.NOT_DELIVER:
            return not_delivered(
                acting, current, now, reason="enquiry", why="the bank says it never had it"
            )
        _ask_again(acting, current, channel, known)
        return current.state


def _knows(row: SubmissionRow, channel: object) -> bool | None:
    try:
        return channel.knows(row.message_id) if isinstance(channel, AnswersEnquiries) else None
    except NostroError as failure:
        log.info("enquiry_unanswered", message_id=row.message_id, code=failure.code)
        return None


def _ask_again(acting: Acting, row: SubmissionRow, channel: object, known: bool | None) -> None:
    """No answer to act on: the next rung, the mailbox meanwhile, and at the end a person."""
    asked, now = row.enquiries + 1, acting.world.clock.now()
    last = cut_off_days.last_moment(acting, row)
    if dispatching.needs_a_person(asked) or cut_off.presses(now, last):
        open_case(
            acting,
            row,
            f"Nobody can say whether the bank has file {row.message_id}: ask it."
            + cut_off_days.said(last, now),
            due_at=last,
        )
    if dispatching.needs_a_person(asked):
        _give_up(acting, row)
    if isinstance(channel, DeliversMessages):
        wake("collect_messages", tenant_id=acting.tenant_id, connection_id=row.connection_id)
    again_at = cut_off.ask_by(dispatching.ask_again_at(asked, now, known), now, last)
    submissions.update(row.id, enquiries=asked, next_action_at=again_at)


def _give_up(acting: Acting, row: SubmissionRow) -> None:
    """Every rung was tried: from here on a person asks. The bank is asked on all the same."""
    case = cases.lock_by_key(CaseKind.ENQUIRY, str(row.id))
    if case and case_work.allows_stage(case, EnquiryMove.GIVE_UP):
        case_work.move_stage(acting, case, EnquiryMove.GIVE_UP)


def _asked(acting: Acting, row: SubmissionRow, known: bool | None) -> Event:
    answer = {True: "has it", False: "never had it", None: "cannot say"}[known]
    return acting.event(
        "submission.asked",
        "submission",
        row.id,
        message_id=row.message_id,
        answer=answer,
        enquiry=row.enquiries + 1,
    )


def not_delivered(
    acting: Acting,
    row: StoredSubmission,
    again_at: datetime | None,
    *,
    reason: str,
    why: str,
    text: str = "",
) -> SubmissionState:
    """Proven not delivered: the same bytes again at `again_at`, unless there were enough tries."""
    after = move_submission(acting, row, SubmissionMove.NOT_DELIVER, reason=reason, text=text)
    if again_at and dispatching.retry_at(row.tries, again_at):
        submissions.update(row.id, next_action_at=again_at)
        return after
    current = submissions.lock(row.id)
    if current is None:
        raise RuntimeError("a locked submission cannot vanish")
    submissions.update(row.id, next_action_at=None)
    open_case(acting, row, f"File {row.message_id} could not be delivered: {why}")
    return move_submission(acting, current, SubmissionMove.ABANDON, reason=reason)


# At the bank.


def delivered(
    acting: Acting, row: StoredSubmission, channel: object, *, reason: str = "", reference: str = ""
) -> SubmissionState:
    """The bank has the file: from now on its payments are followed up."""
    after = move_submission(acting, row, SubmissionMove.DELIVER, reason=reason)
    now, due = acting.world.clock.now(), _answer_due(acting, row)
    look_at = dispatching.first_look_at(now, contract_of(channel), due) if due else None
    submissions.update(row.id, next_action_at=look_at, answer_due_at=due, status_asked=0)
    if reference:
        submissions.update(row.id, bank_reference=reference)
    return after


def _answer_due(acting: Acting, row: SubmissionRow) -> datetime | None:
    """When we must know what became of its payments; None when it carries none."""
    last = submissions.last_execution_date(row.id)
    if last is None:
        return None
    calendar, after = acting.world.calendar, last + timedelta(days=1)
    day = max((calendar.next_bank_day(after, currency) for currency in row.totals), default=after)
    return dispatching.answer_due_at(acting.world.clock.now(), day)


def look_after(
    acting: Acting, row: StoredSubmission, channel: object, payments: Payments
) -> FollowUp:
    """What is due of a file that the bank has, inside a unit of work; the bank is not asked here.

    Silence becomes acceptance where the bank says so, what is overdue becomes a case, and the
    next look is set.
    """
    now, due = acting.world.clock.now(), row.answer_due_at
    if due is None and payments.open:
        due = _answer_due(acting, row)
    found = dispatching.follow_up(row, payments, now, contract_of(channel), due or now)
    if found.accept:
        _accept_by_silence(acting, row)
    if not payments.open:
        answered_enquiries.end_if_settled(acting, [row.id])
    if found.overdue:
        open_case(
            acting,
            row,
            f"The bank has not said what became of all payments of file {row.message_id};"
            " it was due by now.",
            key=answered_enquiries.overdue_key(row.id),
            can_do="Ask the bank for the status of the file; look for its bookings.",
        )
    submissions.update(
        row.id,
        next_action_at=found.look_again_at,
        answer_due_at=due,
        status_asked=row.status_asked + found.ask_status,
    )
    return found


def ask_status(acting: Acting, row: SubmissionRow, channel: object) -> None:
    """Ask what became of the payments; the answer is kept and understood like any message."""
    if not isinstance(channel, ReportsStatus):
        return
    try:
        incoming = channel.status(row.message_id)
    except NostroError as failure:
        log.info("status_unanswered", message_id=row.message_id, code=failure.code)
        return
    if incoming is not None:
        answers.take_in(acting, row.connection_id, incoming)


def _accept_by_silence(acting: Acting, row: SubmissionRow) -> None:
    """The bank reports refusals only, and refused nothing of these in its time: accepted, by its
    profile; never executed, for which there must be its word or a booking."""
    quiet = submissions.attempts_in(row.id, _SILENT)
    verdicts = move_attempts(
        acting, [attempt.id for attempt in quiet], AttemptMove.ACCEPT, reason=SILENCE
    )
    ids, now = acting.world.ids, acting.world.clock.now()
    submissions.insert_facts(
        [
            NewFact(
                id=ids.new(),
                connection_id=row.connection_id,
                evidence_id=row.evidence_id,
                identity=f"{SILENCE}|{attempt.id}",
                message_id="",
                original_message_id=row.message_id,
                end_to_end_id=attempt.end_to_end_id,
                status="",
                reason=SILENCE,
                reason_text="The bank reports refusals only, and refused nothing in its time.",
                attempt_id=attempt.id,
                submission_id=row.id,
                verdict=verdicts.get(attempt.id, Verdict.KEPT).value,
                kind=SILENCE,
            )
            for attempt in quiet
        ],
        now,
    )


def open_case(
    acting: Acting,
    row: SubmissionRow,
    sentence: str,
    *,
    key: str = "",
    can_do: str = RING_THE_BANK,
    kind: CaseKind = CaseKind.ENQUIRY,
    due_at: datetime | None = None,
) -> None:
    """A person is told, once for each `key` (the file, usually); `due_at` if that is still ahead
    and sooner than such a case is due."""
    now = acting.world.clock.now()
    usual = now + CASE_DUE_IN
    case_work.open_again(
        acting,
        NewCase(
            id=acting.world.ids.new(),
            kind=kind,
            natural_key=key or str(row.id),
            sentence=sentence,
            can_do=can_do,
            due_at=min(due_at, usual) if due_at and due_at > now else usual,
            submission_id=row.id,
        ),
    )
