"""How frozen bytes leave: intent first, one send, and asking, never resending, when in doubt.

A crash at any line leaves a row that says what was intended; the tick brings it back here, and a
row that says "dispatching" is asked about, never sent again.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import structlog

from nostro.domain.case import CaseKind
from nostro.domain.errors import InDoubt, Invalid, NostroError, Refused, Unavailable
from nostro.domain.event import Event
from nostro.domain.submission import SUBMISSION, SubmissionMove, SubmissionState
from nostro.ports import AnswersEnquiries, Outgoing, Receipt, SendsPayments, TakesPostings
from nostro.storage import cases, events, evidence, parties, submissions
from nostro.storage.cases import NewCase
from nostro.storage.submissions import SubmissionRow
from nostro.storage.tenancy import tenant
from nostro.workflows.channel import open_channel
from nostro.workflows.context import Acting
from nostro.workflows.moves import CASE_DUE_IN, move_submission

log = structlog.get_logger()

# How long the outcome of a send may take to be committed before its row counts as abandoned.
SEND_PATIENCE = timedelta(minutes=2)
# "It never had it" is believed this long after the send began: bytes may still be on their way.
NO_IS_BELIEVED_AFTER = timedelta(minutes=2)
# The ladder of enquiries (DESIGN section 6), then a person.
ENQUIRIES = (
    timedelta(seconds=10),
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=4),
    timedelta(days=1),
)
# Tries after a proven non-delivery: same bytes, same message id.
RETRIES = ENQUIRIES[:6]
RING_THE_BANK = "Ring the bank with the message id; never send the file again yourself."
_MAY_SEND = SUBMISSION.sources(SubmissionMove.DISPATCH)


def attend(acting: Acting, submission_id: UUID) -> SubmissionState | None:
    """Do the next thing a submission needs: send it, or ask what became of it.

    Safe to call at any time and from any number of workers. Returns the state it ends in.
    """
    try:
        claimed = _claim(acting, submission_id)
    except NostroError as failure:
        _cannot_begin(acting, submission_id, failure)
        return None
    if claimed is None:
        return None
    row, outgoing, channel, sending = claimed
    if not sending:
        return _ask(acting, row, channel)
    try:
        receipt = _send(row, outgoing, channel)
    except NostroError as failure:
        return _failed(acting, row, failure)
    return _delivered(acting, row, receipt)


def _claim(
    acting: Acting, submission_id: UUID
) -> tuple[SubmissionRow, Outgoing, object, bool] | None:
    """Commit the intent before anything leaves; None when there is nothing to do now."""
    now = acting.world.clock.now()
    with tenant(acting.tenant_id):
        row = submissions.lock(submission_id)
        if row is None:
            return None
        channel = open_channel(acting, row.connection_id)
        outgoing = _outgoing(row)
        if row.state in _MAY_SEND:
            if parties.customer().quarantined:
                return None  # Still due: it leaves when people have lifted the quarantine.
            move_submission(acting, row, SubmissionMove.DISPATCH)
            submissions.update(
                row.id,
                tries=row.tries + 1,
                dispatched_at=now,
                next_action_at=now + SEND_PATIENCE,
            )
            return row, outgoing, channel, True
        if row.state is SubmissionState.DISPATCHING:
            if row.next_action_at is None or _may_still_be_sending(row, acting):
                return None
            move_submission(acting, row, SubmissionMove.LOSE_TRACK, text="the sender stopped")
        elif row.state is not SubmissionState.UNKNOWN:
            submissions.update(row.id, next_action_at=None)
            return None
        submissions.update(row.id, next_action_at=now + _rung(row.enquiries))
        return row, outgoing, channel, False


def _cannot_begin(acting: Acting, submission_id: UUID, failure: NostroError) -> None:
    """The connection cannot even be opened: nothing left; a person is told, and we try later."""
    log.error("dispatch_cannot_begin", submission_id=str(submission_id), code=failure.code)
    with tenant(acting.tenant_id):
        row = submissions.lock(submission_id)
        if row is None:
            return
        submissions.update(row.id, next_action_at=acting.world.clock.now() + RETRIES[3])
        _open_case(acting, row, f"File {row.message_id} cannot leave: {failure.happened}")


def _may_still_be_sending(row: SubmissionRow, acting: Acting) -> bool:
    """True while the process that claimed the row may be between its send and its commit."""
    since = submissions.state_since(row.id)
    return acting.world.clock.now() < since + SEND_PATIENCE


def _outgoing(row: SubmissionRow) -> Outgoing:
    return Outgoing(
        message_id=row.message_id,
        file_name=row.file_name,
        media_type=row.media_type,
        content=evidence.read(row.evidence_id),
    )


def _send(row: SubmissionRow, outgoing: Outgoing, channel: object) -> Receipt:
    """The one call to the outside; runs outside any transaction."""
    if row.purpose == submissions.PAYMENTS and isinstance(channel, SendsPayments):
        return channel.send(outgoing)
    if row.purpose == submissions.POSTINGS and isinstance(channel, TakesPostings):
        return channel.post(outgoing)
    raise Refused(
        "connection_cannot_send",
        f"The connection of {row.message_id} does not take {row.purpose}.",
        "Nothing left.",
        "Choose a connection that does.",
    )


def _delivered(acting: Acting, row: SubmissionRow, receipt: Receipt) -> SubmissionState | None:
    with tenant(acting.tenant_id):
        current = submissions.lock(row.id)
        if current is None or not SUBMISSION.allows(current.state, SubmissionMove.DELIVER):
            return current.state if current else None  # The bank's own word was quicker.
        after = move_submission(acting, current, SubmissionMove.DELIVER, text="")
        submissions.update(row.id, bank_reference=receipt.reference, next_action_at=None)
        return after


def _failed(acting: Acting, row: SubmissionRow, failure: NostroError) -> SubmissionState | None:
    """Classify: surely nothing happened, a definite no, or it may have happened."""
    step = _step_after(failure)
    log.warning("send_failed", message_id=row.message_id, code=failure.code, step=step.value)
    with tenant(acting.tenant_id):
        current = submissions.lock(row.id)
        if current is None or not SUBMISSION.allows(current.state, step):
            return current.state if current else None
        after = move_submission(acting, current, step, reason=failure.code, text=failure.happened)
        now = acting.world.clock.now()
        if step is SubmissionMove.LOSE_TRACK:
            submissions.update(row.id, next_action_at=now + _rung(0))
        elif step is SubmissionMove.NOT_DELIVER:
            after = _again_or_abandon(acting, current, failure)
        else:
            submissions.update(row.id, next_action_at=None)
            _refused(acting, current, failure)
        return after


def _refused(acting: Acting, row: SubmissionRow, failure: NostroError) -> None:
    """Refused payments have a case each; refused journals have no other voice than this one."""
    if row.purpose == submissions.POSTINGS:
        sentence = f"Journals {row.message_id} were refused: {failure.happened}"
        can_do = failure.can_do or "Correct the cause; the journals are kept in the file."
        _open_case(acting, row, sentence, can_do=can_do)


def _step_after(failure: NostroError) -> SubmissionMove:
    if isinstance(failure, Unavailable):
        return SubmissionMove.NOT_DELIVER
    if isinstance(failure, Refused | Invalid):
        return SubmissionMove.REFUSE
    if not isinstance(failure, InDoubt):
        log.error("unclassified_failure", code=failure.code)
    return SubmissionMove.LOSE_TRACK


def _again_or_abandon(acting: Acting, row: SubmissionRow, failure: NostroError) -> SubmissionState:
    """A proven non-delivery: the same bytes again later, until the tries are used up."""
    if row.tries <= len(RETRIES):
        asked = getattr(failure, "retry_after_seconds", None)
        pause = timedelta(seconds=asked) if asked else RETRIES[row.tries - 1]
        submissions.update(row.id, next_action_at=acting.world.clock.now() + pause)
        return SubmissionState.NOT_DELIVERED
    return _abandon(acting, row, failure.code, failure.happened)


def _abandon(acting: Acting, row: SubmissionRow, reason: str, why: str) -> SubmissionState:
    """Proven not delivered, and enough tries: its payments fail, and a person is told."""
    current = submissions.lock(row.id)
    if current is None:
        raise RuntimeError("a locked submission cannot vanish")
    submissions.update(row.id, next_action_at=None)
    _open_case(acting, row, f"File {row.message_id} could not be delivered: {why}")
    return move_submission(acting, current, SubmissionMove.ABANDON, reason=reason)


def _ask(acting: Acting, row: SubmissionRow, channel: object) -> SubmissionState | None:
    """Ask the bank about an unknown outcome; "it never had it" is believed, silence is not."""
    try:
        known = channel.knows(row.message_id) if isinstance(channel, AnswersEnquiries) else None
    except NostroError as failure:
        log.info("enquiry_unanswered", message_id=row.message_id, code=failure.code)
        known = None
    with tenant(acting.tenant_id):
        current = submissions.lock(row.id)
        if current is None or current.state is not SubmissionState.UNKNOWN:
            return current.state if current else None
        events.record([_asked(acting, current, known)])
        if known is None or (known is False and not _no_is_final(acting, current)):
            return _wait_for_answer(acting, current)
        if known:
            after = move_submission(acting, current, SubmissionMove.DELIVER, reason="enquiry")
            submissions.update(row.id, next_action_at=None)
            return after
        move_submission(acting, current, SubmissionMove.NOT_DELIVER, reason="enquiry")
        if current.tries > len(RETRIES):
            return _abandon(acting, current, "enquiry", "the bank says it never had it")
        submissions.update(row.id, next_action_at=acting.world.clock.now())
        return SubmissionState.NOT_DELIVERED


def _no_is_final(acting: Acting, row: SubmissionRow) -> bool:
    """Is it long enough ago that the bank would have it by now, had it got it?"""
    since = row.dispatched_at
    return since is not None and acting.world.clock.now() - since >= NO_IS_BELIEVED_AFTER


def _wait_for_answer(acting: Acting, row: SubmissionRow) -> SubmissionState:
    asked = row.enquiries + 1
    if asked >= len(ENQUIRIES):
        _open_case(
            acting, row, f"Nobody can say whether the bank has file {row.message_id}: ask it."
        )
    next_at = acting.world.clock.now() + _rung(asked)
    submissions.update(row.id, enquiries=asked, next_action_at=next_at)
    return row.state


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


def _rung(asked: int) -> timedelta:
    return ENQUIRIES[min(asked, len(ENQUIRIES) - 1)]


def _open_case(
    acting: Acting, row: SubmissionRow, sentence: str, *, can_do: str = RING_THE_BANK
) -> None:
    now = acting.world.clock.now()
    cases.open_all(
        [
            NewCase(
                id=acting.world.ids.new(),
                kind=CaseKind.ENQUIRY,
                natural_key=str(row.id),
                sentence=sentence,
                can_do=can_do,
                due_at=now + CASE_DUE_IN,
                submission_id=row.id,
            )
        ],
        now,
    )
