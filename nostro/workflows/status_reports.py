"""What a bank's status report does: facts stored once, attempts moved by rank, as sets.

The lower level wins (transaction over batch over group); a word we do not know moves nothing.
Payments are named by their EndToEndId, else by UETR, instruction id, or a batch of one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

import structlog

from nostro.domain.attempt import AttemptMove, Verdict
from nostro.domain.bank_status import DUPLICATE_REASONS, StatusReport, TransactionStatus, move_of
from nostro.domain.case import CaseKind
from nostro.domain.problem import Severity
from nostro.domain.submission import SUBMISSION, SubmissionMove, SubmissionState
from nostro.storage import facts, statements, submissions
from nostro.storage.submissions import NewFact, SubmissionRow
from nostro.storage.tenancy import tenant
from nostro.workflows import payee_answers, whole_refusals
from nostro.workflows.answered_enquiries import duplicate_key
from nostro.workflows.batch_bookings import look_again
from nostro.workflows.booked_lines import known
from nostro.workflows.cancellation_answers import cancel
from nostro.workflows.case_work import new_case, open_cases
from nostro.workflows.context import Acting
from nostro.workflows.lock_order import locked_file
from nostro.workflows.moves import move_attempts, move_submission
from nostro.workflows.reported_lines import (
    CHANGED,
    UNLISTED,
    Word,
    by_file,
    difference,
    name_lines,
    words_of,
)
from nostro.workflows.statement_matching import explain_again

log = structlog.get_logger()


def apply_status_report(
    acting: Acting, connection_id: UUID, evidence_id: UUID, report: StatusReport
) -> dict[Verdict, int]:
    """Apply one pain.002; returns how many facts were applied, kept or contradicted something."""
    counts = dict.fromkeys(Verdict, 0)
    with tenant(acting.tenant_id):
        named = known(report.original_message_id)
        parts = [report] if named else by_file(connection_id, report)
    for part in parts:
        with tenant(acting.tenant_id):
            did, batches = _apply_report(acting, connection_id, evidence_id, part)
        for verdict in did:
            counts[verdict] += 1
        # Of their own: a booking's work locks the entity first, this one locked the payments.
        with tenant(acting.tenant_id):
            unexplained = statements.open_batch_lines(batches)
            look_again(acting, batches)
        explain_again(acting, unexplained)
    if payee_answers.speaks_of_names(report):
        with tenant(acting.tenant_id):
            payee_answers.hold_others(acting, evidence_id)
    return counts


def _apply_report(
    acting: Acting, connection_id: UUID, evidence_id: UUID, report: StatusReport
) -> tuple[list[Verdict], set[str]]:
    """What each new fact did, and the batches of the file that the report is about."""
    found = submissions.by_message_id(report.original_message_id)
    ours = found and found.connection_id == connection_id  # No bank speaks for another one.
    row = locked_file(found.id) if found and ours else None
    if row is None:
        _unknown_message(acting, report)
        return [], set()
    inside = submissions.attempts_by_end_to_end_id(row.id).values()
    attempts = sorted(inside, key=lambda attempt: attempt.id)
    one_copy = _may_be_of_one_copy(row, report)
    if one_copy:
        told = " ".join(filter(None, (report.group_reason, report.group_reason_text)))
        whole_refusals.ask(acting, row, told)
    _apply_group(acting, row, report, bool(attempts), one_copy)
    lines, strange = name_lines(report, attempts)
    words = list(words_of(report, attempts, lines))
    fresh = _store_facts(acting, connection_id, evidence_id, report, row, words)
    meanings = payee_answers.meanings_of(report)
    did = _apply(acting, row, fresh, meanings, one_copy)
    facts.remember_bank_references(
        {w.attempt.id: w.line.bank_reference for w in fresh.values() if w.line}
    )
    _tell_changes(acting, row, fresh.values(), meanings)
    payee_answers.keep(acting, row, evidence_id, report, list(fresh.values()))
    _strangers(acting, report, row, strange)
    _left_out(acting, evidence_id, report, row)
    return list(did.values()), {a.payment_information_id for a in attempts}


def _apply(
    acting: Acting,
    row: SubmissionRow,
    fresh: dict[UUID, Word],
    meanings: Mapping[str, AttemptMove | None],
    one_copy: bool,
) -> dict[UUID, Verdict]:
    """Move the attempts by the new words, one set per word; returns what each fact did."""
    groups: dict[tuple[AttemptMove, str, str], dict[UUID, UUID]] = {}
    for fact_id, word in fresh.items():
        if step := _move_of(word, meanings, one_copy):
            group = groups.setdefault((step, word.reason, word.text), {})
            group[word.attempt.id] = fact_id
    did: dict[UUID, Verdict] = {}
    for (step, reason, text), fact_of in groups.items():
        if step is AttemptMove.CANCEL_STOP:  # By what was asked for; it ends its recall.
            verdicts = cancel(acting, list(fact_of), reason=reason, text=text)
        else:
            verdicts = move_attempts(acting, list(fact_of), step, reason=reason, text=text)
        did |= {fact_of[attempt_id]: verdict for attempt_id, verdict in verdicts.items()}
        if step is AttemptMove.DOUBT and reason in DUPLICATE_REASONS:
            _duplicate(acting, row, reason, len(fact_of))
    submissions.set_verdicts({fact_id: verdict.value for fact_id, verdict in did.items()})
    return did


def _move_of(
    word: Word, meanings: Mapping[str, AttemptMove | None], one_copy: bool
) -> AttemptMove | None:
    if word.status == UNLISTED:
        return AttemptMove.ACCEPT
    said = move_of(word.status, word.reason, meanings)
    return AttemptMove.DOUBT if one_copy and said is AttemptMove.REJECT else said


def _may_be_of_one_copy(row: SubmissionRow, report: StatusReport) -> bool:
    """Is the file, or a batch of it, refused as a whole, and may there be another copy of it?"""
    whole = [(report.group_status, report.group_reason)]
    whole += [(batch.status, batch.reason) for batch in report.batches]
    meanings = dict(report.meanings)
    if AttemptMove.REJECT not in {move_of(*said, meanings) for said in whole}:
        return False
    return whole_refusals.may_be_of_one_copy(row)


def _apply_group(
    acting: Acting, row: SubmissionRow, report: StatusReport, has_attempts: bool, one_copy: bool
) -> None:
    """The file-level answer moves the submission; lines are moved by their own words."""
    status = report.group_status
    if not status and not report.transactions and not report.batches:
        return
    said = move_of(status, report.group_reason, dict(report.meanings))
    if said is AttemptMove.DOUBT:
        return
    lower = report.transactions or report.batches  # The lower level wins.
    refusable = has_attempts or row.purpose == submissions.REVERSALS
    whole_refusal = said is AttemptMove.REJECT and not lower and refusable and not one_copy
    step = SubmissionMove.REFUSE if whole_refusal else SubmissionMove.ACKNOWLEDGE
    if SUBMISSION.allows(row.state, step):
        move_submission(
            acting, row, step, reason=report.group_reason, text=report.group_reason_text
        )
        # What is left to wait for is decided by who follows it up.
        again_at = None if step is SubmissionMove.REFUSE else acting.world.clock.now()
        submissions.update(row.id, next_action_at=again_at)
    elif step is SubmissionMove.REFUSE and row.state is not SubmissionState.REFUSED:
        log.warning("late_refusal_kept", message_id=row.message_id)


def _store_facts(
    acting: Acting,
    connection_id: UUID,
    evidence_id: UUID,
    report: StatusReport,
    row: SubmissionRow,
    words: list[Word],
) -> dict[UUID, Word]:
    """Keep every word once; returns the new ones by the id of their fact (lifecycle rule 4)."""
    identities = {
        "|".join([report.message_id, w.attempt.end_to_end_id, w.status, w.reason]): w for w in words
    }
    kept = submissions.known_facts(connection_id, list(identities))
    fresh = {
        acting.world.ids.new(): (identity, word)
        for identity, word in identities.items()
        if identity not in kept
    }
    submissions.insert_facts(
        [
            NewFact(
                id=fact_id,
                connection_id=connection_id,
                evidence_id=evidence_id,
                identity=identity,
                message_id=report.message_id,
                original_message_id=report.original_message_id,
                end_to_end_id=word.attempt.end_to_end_id,
                status=word.status,
                reason=word.reason,
                reason_text=word.text,
                attempt_id=word.attempt.id,
                submission_id=row.id,
                verdict="unfamiliar",
            )
            for fact_id, (identity, word) in fresh.items()
        ],
        acting.world.clock.now(),
    )
    return {fact_id: word for fact_id, (_, word) in fresh.items()}


def _tell_changes(
    acting: Acting,
    row: SubmissionRow,
    fresh: Iterable[Word],
    meanings: Mapping[str, AttemptMove | None],
) -> None:
    """Accepted, but not as we asked: what differs is kept with the payment and told to a person."""
    if CHANGED in meanings:
        return  # To this bank it means something else.
    open_cases(
        acting,
        [
            new_case(
                acting,
                CaseKind.DIFFERENCE,
                f"changed/{word.attempt.id}",
                f"The bank accepted payment {word.attempt.end_to_end_id} with a change:"
                f" {difference(word)}.",
                "Compare it with what was approved; recall it if it is not what you want.",
                order_id=word.attempt.order_id,
                attempt_id=word.attempt.id,
                submission_id=row.id,
                reason=word.reason,
            )
            for word in fresh
            if word.status == CHANGED
        ],
    )


def _strangers(
    acting: Acting, report: StatusReport, row: SubmissionRow, lines: Sequence[TransactionStatus]
) -> None:
    """Lines about payments that are not in this file: whose they are is a person's question."""
    strange = sorted({line.original_end_to_end_id for line in lines})
    if not strange:
        return
    sentence = (
        f"The bank's report {report.message_id} on file {row.message_id} names"
        f" {len(strange)} payments that are not in it, e.g. {strange[0] or '(no EndToEndId)'}."
    )
    _open(acting, CaseKind.CONTRADICTION, f"strangers/{row.id}/{report.message_id}", sentence, row)


def _left_out(acting: Acting, evidence_id: UUID, report: StatusReport, row: SubmissionRow) -> None:
    """Lines of the report that could not be read: what they say of our payments is not known."""
    lost = [problem for problem in report.problems if problem.severity is Severity.ERROR]
    if not lost:
        return
    _open(
        acting,
        CaseKind.DIFFERENCE,
        f"left-out/{evidence_id}/{report.message_id}",
        f"{len(lost)} lines of the bank's report {report.message_id} on file {row.message_id}"
        f" cannot be used, first: {lost[0].sentence} ({lost[0].location})",
        row,
        lost[0].can_do,
    )


def _duplicate(acting: Acting, row: SubmissionRow, reason: str, count: int) -> None:
    """ "Duplicate" may mean that the bank has it: the attempts become unknown and a person asks."""
    _open(
        acting,
        CaseKind.ENQUIRY,
        duplicate_key(row.id),
        f"The bank calls {count} of {row.line_count} payments of file {row.message_id} duplicates"
        f" ({reason}): it may have them already.",
        row,
        "Ask the bank for the original; nothing is sent again.",
    )


def _unknown_message(acting: Acting, report: StatusReport) -> None:
    named = report.original_message_id or "(none)"
    sentence = f"The bank reports on message {named}, which we never sent to it."
    _open(acting, CaseKind.CONTRADICTION, f"unknown/{report.message_id}", sentence)


_WHOSE = "Ask the bank whose payments it means; by this nothing was changed."


def _open(
    acting: Acting,
    kind: CaseKind,
    key: str,
    sentence: str,
    row: SubmissionRow | None = None,
    can_do: str = _WHOSE,
) -> None:
    file_id = row.id if row else None
    open_cases(acting, [new_case(acting, kind, key, sentence, can_do, submission_id=file_id)])
