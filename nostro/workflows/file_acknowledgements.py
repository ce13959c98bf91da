"""What a bank's word on a file as a file does: it moves the file, never the outcome of a payment.

1. The file is found by our message id, its name, the bank's reference, or its control numbers.
2. Received or accepted: the bank has it. Rejected as a whole: the bank refused it, and did nothing
   of it. Rejected in part: nothing is proven of any payment, so a person looks.
3. "It came before" is no rejection: the bank may have it already.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import msgspec

from nostro.domain.attempt import AttemptMove
from nostro.domain.case import CaseKind
from nostro.domain.submission import SUBMISSION, SubmissionMove, SubmissionState
from nostro.domain.transport_acknowledgement import (
    FileFault,
    FileVerdict,
    Level,
    TransportAcknowledgement,
)
from nostro.formats.envelopes import MEDIA_TYPES, Envelope, envelope_of, same_number
from nostro.storage import acknowledged_files, events, evidence, submissions
from nostro.storage.submissions import StoredSubmission, SubmissionRow
from nostro.storage.tenancy import tenant
from nostro.workflows import whole_refusals
from nostro.workflows.answered_enquiries import duplicate_key
from nostro.workflows.case_work import new_case, open_cases
from nostro.workflows.context import Acting
from nostro.workflows.lock_order import locked_file
from nostro.workflows.moves import move_attempts, move_submission

# Control numbers come round again; older files are answered by now.
NUMBERS_LAST = timedelta(days=30)
NAMED = 5  # How many faults a case tells.
_NOT_SURE = "Ask the bank which file it means; by this nothing was changed."
_OVER = (SubmissionState.REFUSED, SubmissionState.ABANDONED)
_REJECTED = (FileVerdict.REJECTED, FileVerdict.PARTLY_ACCEPTED)


class About(msgspec.Struct, frozen=True, kw_only=True):
    """The file that an acknowledgement is about; `envelope` when its own numbers told."""

    row: StoredSubmission
    envelope: Envelope | None = None

    def is_whole(self, said: TransportAcknowledgement) -> bool:
        """Does what is said of this level hold for everything in the file, provably?"""
        one_group = self.envelope is not None and len(self.envelope.groups) == 1
        return said.level is Level.INTERCHANGE or one_group


def apply_acknowledgement(
    acting: Acting, connection_id: UUID, evidence_id: UUID, said: TransportAcknowledgement
) -> None:
    """Apply one acknowledgement; the same one again changes nothing."""
    with tenant(acting.tenant_id):
        found = _files(acting, connection_id, said)
        if len(found) != 1:
            _strange(acting, said, len(found))
            return
        row = locked_file(found[0].row.id)
        if row is None:
            return
        about = msgspec.structs.replace(found[0], row=row)
        _record(acting, evidence_id, said, row)
        if said.says_duplicate:
            _in_doubt(acting, said, row)
        elif said.verdict is FileVerdict.REJECTED and about.is_whole(said):
            _refused(acting, said, row)
        elif said.verdict in _REJECTED:
            _in_part(acting, said, row)
        else:
            _received(acting, said, row)


def _files(acting: Acting, connection_id: UUID, said: TransportAcknowledgement) -> list[About]:
    """What it may be about: no bank speaks for another one."""
    references = {said.original_interchange, said.original_group}
    if rows := acknowledged_files.named(connection_id, references):
        return [About(row=row) for row in rows]
    since = acting.world.clock.now() - NUMBERS_LAST
    found = []
    for row in acknowledged_files.of_kind(connection_id, MEDIA_TYPES, since):
        envelope = envelope_of(evidence.read(row.evidence_id))
        if envelope is not None and _names(said, envelope):
            found.append(About(row=row, envelope=envelope))
    return found


def _names(said: TransportAcknowledgement, envelope: Envelope) -> bool:
    if said.original_interchange:
        return same_number(said.original_interchange, envelope.interchange)
    return any(same_number(said.original_group, group) for group in envelope.groups)


def _received(acting: Acting, said: TransportAcknowledgement, row: SubmissionRow) -> None:
    """The bank has the file. It says no more: its payments wait for the bank's word on them."""
    _move(acting, row, SubmissionMove.ACKNOWLEDGE, said)
    if said.verdict is FileVerdict.ACCEPTED_WITH_ERRORS:
        _case(
            acting,
            CaseKind.DIFFERENCE,
            f"acknowledged-with-errors/{row.id}",
            f"The bank took file {row.message_id} and noted errors in it: {_faults(said)}.",
            "Ask the bank whether it pays what it cannot read, then correct the file's profile.",
            row,
        )


def _refused(acting: Acting, said: TransportAcknowledgement, row: SubmissionRow) -> None:
    """The whole file was rejected before anything in it was looked at."""
    if inside := submissions.attempts_of(row.id):
        if row.state not in _OVER and whole_refusals.may_be_of_one_copy(row):
            _move(acting, row, SubmissionMove.ACKNOWLEDGE, said)
            move_attempts(
                acting, inside, AttemptMove.DOUBT, reason="one_of_two_copies", text=_faults(said)
            )
            whole_refusals.ask(acting, row, _faults(said))
            return
        _move(acting, row, SubmissionMove.REFUSE, said)
        return
    if row.purpose in submissions.OF_CHECKS and row.state not in _OVER:
        _move(acting, row, SubmissionMove.REFUSE, said)
    _case(
        acting,
        CaseKind.DIFFERENCE,
        f"rejected-file/{row.id}",
        f"The bank rejected file {row.message_id} before it looked at what is in it:"
        f" {_faults(said)}.",
        "Correct what it names, the profile of the connection perhaps, then ask anew.",
        row,
    )


def _in_part(acting: Acting, said: TransportAcknowledgement, row: SubmissionRow) -> None:
    """The file is there; what was left out of it is not proven for any one payment."""
    _move(acting, row, SubmissionMove.DELIVER, said)
    named = ", ".join(
        f"{part.level} {part.reference}" for part in said.parts if part.verdict in _REJECTED
    )
    what = named or f"{said.level} {said.original}"
    _case(
        acting,
        CaseKind.DIFFERENCE,
        f"rejected-part/{row.id}/{said.original}",
        f"The bank rejected a part of file {row.message_id} ({what}): {_faults(said)}."
        " Which payments that are it did not say; none was changed.",
        "Ask the bank which payments it left out; never send the file again yourself.",
        row,
    )


def _in_doubt(acting: Acting, said: TransportAcknowledgement, row: SubmissionRow) -> None:
    """ "Duplicate" may mean that the bank has it: the attempts become unknown and a person asks."""
    inside = submissions.attempts_of(row.id)
    move_attempts(acting, inside, AttemptMove.DOUBT, reason="duplicate", text=_faults(said))
    _case(
        acting,
        CaseKind.ENQUIRY,
        duplicate_key(row.id),
        f"The bank calls file {row.message_id} a duplicate ({_faults(said)}): it may have it"
        " already.",
        "Ask the bank for the original; nothing is sent again.",
        row,
    )


def _move(
    acting: Acting, row: SubmissionRow, step: SubmissionMove, said: TransportAcknowledgement
) -> None:
    """Move the file if its table allows; a word that cannot be true beside another is a Case."""
    if SUBMISSION.allows(row.state, step):
        move_submission(acting, row, step, reason=said.code, text=_faults(said))
        again_at = None if step is SubmissionMove.REFUSE else acting.world.clock.now()
        submissions.update(row.id, next_action_at=again_at)
    elif _contradicts(row.state, step):
        _case(
            acting,
            CaseKind.CONTRADICTION,
            f"acknowledgement/{row.id}/{said.verdict}",
            f"File {row.message_id} is {row.state}, but the bank's acknowledgement"
            f" {said.reference} says {said.verdict.replace('_', ' ')}.",
            "Ask the bank which of its messages is true; nothing was changed.",
            row,
        )


def _contradicts(state: SubmissionState, step: SubmissionMove) -> bool:
    if step is SubmissionMove.REFUSE:
        return state is not SubmissionState.REFUSED
    return state in _OVER


def _record(
    acting: Acting, evidence_id: UUID, said: TransportAcknowledgement, row: SubmissionRow
) -> None:
    told = acting.event(
        "submission.file_acknowledged",
        "submission",
        row.id,
        message_id=row.message_id,
        verdict=said.verdict.value,
        level=said.level.value,
        original=said.original,
        reference=said.reference,
        faults=[msgspec.to_builtins(fault) for fault in said.every_fault()],
        evidence_id=str(evidence_id),
    )
    events.record([told])


def _strange(acting: Acting, said: TransportAcknowledgement, count: int) -> None:
    which = f"which may be any of {count} files" if count else "which we never sent to it"
    _case(
        acting,
        CaseKind.CONTRADICTION,
        f"unknown-acknowledgement/{said.reference}/{said.original}",
        f"The bank acknowledges {said.level} {said.original}, {which}.",
        _NOT_SURE,
        None,
    )


def _faults(said: TransportAcknowledgement) -> str:
    found = said.every_fault()
    told = "; ".join(_spelled(fault) for fault in found[:NAMED])
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    return f"{told}{more}" or f"verdict {said.code}"


def _spelled(fault: FileFault) -> str:
    where = " ".join(part for part in (fault.segment, fault.position, fault.element) if part)
    text = f"{fault.text} ({fault.code})" if fault.text else f"error {fault.code}"
    return f"{where}: {text}" if where else text


def _case(
    acting: Acting,
    kind: CaseKind,
    key: str,
    sentence: str,
    can_do: str,
    row: SubmissionRow | None,
) -> None:
    about = row.id if row else None
    open_cases(acting, [new_case(acting, kind, key, sentence, can_do, submission_id=about)])
