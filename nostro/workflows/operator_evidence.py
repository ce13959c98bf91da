"""What people learn at the bank about a payment moves it as the bank's own word would, never more.

1. A person states what the bank said: who said it, when, with an attachment if there is one.
2. What could let money move twice waits for a second person.
3. Then it is a fact like any other: judged by the tables, contradictions open a case.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from nostro.domain import operator_evidence as policy
from nostro.domain.attempt import AttemptMove
from nostro.domain.duties import Touched
from nostro.domain.errors import Invalid, Refused
from nostro.domain.operator_evidence import (
    ATTEMPT_MOVE,
    SUBMISSION_MOVE,
    EvidenceKind,
    EvidenceState,
    OperatorEvidence,
)
from nostro.domain.party import Action, Member
from nostro.domain.policies import confidential as clearance
from nostro.domain.policies import dispatching, reach
from nostro.domain.submission import SUBMISSION, SubmissionMove, SubmissionState
from nostro.storage import attempts, confidential, events, evidence, orders, submissions
from nostro.storage import operator_evidence as stated
from nostro.storage.submissions import StoredSubmission
from nostro.storage.tenancy import tenant
from nostro.workflows.cancellation_answers import cancel
from nostro.workflows.case_work import checked_reason, end_enquiries
from nostro.workflows.channel import open_channel
from nostro.workflows.context import Acting
from nostro.workflows.enquiry import delivered
from nostro.workflows.lock_order import locked_file
from nostro.workflows.moves import move_attempts, move_submission
from nostro.workflows.wake import wake

ATTACHMENT_BYTES_MAX = 20 * 1024 * 1024


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """A file that proves a statement: the bank's mail, a screenshot of its portal."""

    name: str
    media_type: str
    content: bytes


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody at the bank said, about a whole file or one payment of it."""

    kind: EvidenceKind
    submission_id: UUID
    attempt_id: UUID | None = None
    told_by: str
    text: str


def state(
    acting: Acting, member: Member, told: Told, attachment: Attachment | None = None
) -> tuple[UUID, bool]:
    """Write down what the bank said; returns its id, and whether it counts already.

    Raises Refused when the member may not or the file is unknown, Invalid without a name or text.
    """
    policy.may_state(member)
    told = _checked(told, attachment)
    now, ids = acting.world.clock.now(), acting.world.ids
    row = OperatorEvidence(
        id=str(ids.new()),
        kind=told.kind,
        submission_id=str(told.submission_id),
        attempt_id=str(told.attempt_id or ""),
        told_by=told.told_by,
        text=told.text,
        stated_by=member.id,
        stated_at=now,
    )
    with tenant(acting.tenant_id):
        _locked(row)
        _check_cleared(member, row)
        policy.may_state(member, _touched(member, row))
        kept = None
        if attachment:
            kept = evidence.keep(
                ids.new(),
                attachment.content,
                name=attachment.name,
                media_type=attachment.media_type,
                direction="in",
                now=now,
            )
        stated.insert(row, member.name, kept, now)
        _tell(acting, row, "evidence.stated", attachment_id=str(kept or ""))
        if not policy.counts_at_once(row.kind):
            return UUID(row.id), False
        _count(acting, row, member)
        return UUID(row.id), True


def confirm(acting: Acting, member: Member, evidence_id: UUID) -> None:
    """Be the second person: from now on the statement counts."""
    with tenant(acting.tenant_id):
        row = _proposed(evidence_id)
        _check_cleared(member, row)
        policy.may_confirm(member, row)
        policy.may_state(member, _touched(member, row))
        _count(acting, row, member)


def refuse(acting: Acting, member: Member, evidence_id: UUID, reason: str) -> None:
    """Say that a statement is not to be relied on; it stays on record and moves nothing.

    By another person it is refused, by whoever stated it withdrawn.
    """
    text = checked_reason(reason)
    with tenant(acting.tenant_id):
        row = _proposed(evidence_id)
        _check_cleared(member, row)
        after = policy.ended_without_counting(member, row)
        policy.may_state(member, _touched(member, row))
        now = acting.world.clock.now()
        stated.decide(evidence_id, after, member.id, member.name, now)
        _tell(acting, row, f"evidence.{after.value}", reason=text)


def _touched(member: Member, row: OperatorEvidence) -> list[Touched]:
    """Each payment that a statement is about; who states anywhere need not be asked for each."""
    if reach.is_everywhere(member, Action.STATE_EVIDENCE):
        return []
    attempt_id, file_id = row.attempt_id, UUID(row.submission_id)
    inside = [UUID(attempt_id)] if attempt_id else submissions.attempts_of(file_id)
    return [order.touched() for order in orders.load(submissions.order_ids_of(inside))]


def _check_cleared(member: Member, row: OperatorEvidence) -> None:
    """Of one confidential payment only a cleared person says what the bank said; of a whole file
    anybody may who may at all: that names no payment."""
    if row.attempt_id:
        about = confidential.is_confidential("attempt", UUID(row.attempt_id))
        clearance.check(member, confidential=about)


def _checked(told: Told, attachment: Attachment | None) -> Told:
    if not told.told_by.strip():
        raise Invalid(
            "told_by_missing",
            "Who said it at the bank is missing.",
            can_do="Give the name of the person you spoke to, or of the bank's page you looked at.",
            field="told_by",
        )
    if attachment and len(attachment.content) > ATTACHMENT_BYTES_MAX:
        raise Invalid(
            "attachment_too_large",
            f"{attachment.name} is larger than {ATTACHMENT_BYTES_MAX:,} bytes.",
            can_do="Attach a smaller file.",
            field="attachment",
        )
    return msgspec.structs.replace(
        told, told_by=told.told_by.strip(), text=checked_reason(told.text)
    )


def _count(acting: Acting, row: OperatorEvidence, member: Member) -> None:
    """The statement counts: it moves what the bank's own word would move."""
    now = acting.world.clock.now()
    submission = _locked(row)
    if row.kind is EvidenceKind.BANK_NEVER_HAD_IT:
        since = _in_doubt_since(row, submission)
        policy.check_still_about(row.stated_at, since, dispatching.NO_IS_BELIEVED_AFTER)
    stated.decide(UUID(row.id), EvidenceState.CONFIRMED, member.id, member.name, now)
    _tell(acting, row, "evidence.confirmed")
    text = f"{row.told_by}: {row.text}"
    if row.attempt_id:
        _move_payments(acting, [UUID(row.attempt_id)], row.kind, text)
    else:
        _move_file(acting, submission, row.kind, text)
        end_enquiries(acting, submission.id, text)


def _in_doubt_since(row: OperatorEvidence, submission: StoredSubmission) -> datetime | None:
    if row.attempt_id:
        return attempts.in_doubt_since(UUID(row.attempt_id))
    return submission.state_since if submission.state is SubmissionState.UNKNOWN else None


def _move_file(acting: Acting, row: StoredSubmission, kind: EvidenceKind, text: str) -> None:
    if kind is EvidenceKind.BANK_HAS_IT:  # From now on its payments are followed up.
        delivered(acting, row, open_channel(acting, row.connection_id), reason="operator")
        return
    step = SUBMISSION_MOVE.get(kind)
    if step is None:  # It names what became of the payments: then the bank has the file.
        if SUBMISSION.allows(row.state, SubmissionMove.ACKNOWLEDGE):
            move_submission(acting, row, SubmissionMove.ACKNOWLEDGE, reason="operator", text=text)
            submissions.update(row.id, next_action_at=None)
        inside = submissions.attempts_of(row.id)
        _move_payments(acting, inside, kind, text)
        return
    after = move_submission(acting, row, step, reason="operator", text=text)
    again = after is SubmissionState.NOT_DELIVERED  # Proven by two people: the same bytes go.
    now = acting.world.clock.now()
    submissions.update(row.id, next_action_at=now if again else None)
    if again:
        wake("attend_submission", tenant_id=acting.tenant_id, submission_id=row.id)


def _move_payments(
    acting: Acting, attempt_ids: Sequence[UUID], kind: EvidenceKind, text: str
) -> None:
    step = ATTEMPT_MOVE[kind]
    if step is AttemptMove.CANCEL_STOP:
        cancel(acting, attempt_ids, reason="operator", text=text)
    else:
        move_attempts(acting, attempt_ids, step, reason="operator", text=text)


def _locked(row: OperatorEvidence) -> StoredSubmission:
    submission = locked_file(UUID(row.submission_id))
    inside = not row.attempt_id or (
        submission and UUID(row.attempt_id) in submissions.attempts_of(submission.id)
    )
    if submission is None or not inside:
        raise Refused(
            "submission_unknown",
            "There is no such file, or no such payment in it, for this customer.",
            can_do="Reload the page.",
        )
    return submission


def _proposed(evidence_id: UUID) -> OperatorEvidence:
    row = stated.lock_proposed(evidence_id)
    if row is None:
        raise Refused(
            "evidence_decided",
            "This statement is not waiting for anybody.",
            can_do="Reload the page; somebody may have decided on it.",
        )
    return row


def _tell(acting: Acting, row: OperatorEvidence, kind: str, **data: object) -> None:
    told = acting.event(
        kind,
        "submission",
        UUID(row.submission_id),
        says=row.kind.value,
        attempt_id=row.attempt_id,
        told_by=row.told_by,
        text=row.text,
        evidence_id=row.id,
        **data,
    )
    events.record([told])
