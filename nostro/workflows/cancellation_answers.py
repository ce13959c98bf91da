"""What banks answer to our recalls: facts kept once, cases and payments moved by their tables.

"Cancelled" ends a payment that had not been made; where it had been made, the case then waits for
the money itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from uuid import UUID

import msgspec

from nostro.domain.attempt import AttemptState, Verdict
from nostro.domain.bank_status import StatusReason
from nostro.domain.cancellation import AnsweredPayment, CancellationAnswer, Outcome, outcome_of
from nostro.domain.case import CASE, CaseMove, RecallMove
from nostro.domain.policies import recall as policy
from nostro.domain.policies.recall import CANCEL_MOVE, STAGE_MOVE, CancelPurpose
from nostro.storage import attempts, cases, orders, submissions
from nostro.storage.cases import CaseRow
from nostro.storage.submissions import AttemptRow, NewFact
from nostro.storage.tenancy import tenant
from nostro.workflows.case_work import allows_stage, move, move_stage
from nostro.workflows.context import Acting
from nostro.workflows.moves import move_attempts
from nostro.workflows.recall import after_bank_days
from nostro.workflows.wake import wake

_NOT_MADE = frozenset(AttemptState) - {AttemptState.EXECUTED, AttemptState.RETURNED}


_ACCEPTED = "ACCR"


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """One answer for one recall."""

    case: CaseRow
    status: str
    reason: str
    text: str


def apply_cancellation_answer(
    acting: Acting, connection_id: UUID, evidence_id: UUID, answer: CancellationAnswer
) -> int:
    """Apply one camt.029; returns how many of its words were news to us.

    The lower level wins. A recall that is not ours is left alone: no bank speaks for another one.
    """
    with tenant(acting.tenant_id):
        words = [word for word in _words(answer) if _is_of(word.case, connection_id)]
        orders.hold_still([w.case.order_id for w in words if w.case.order_id])  # Before cases.
        fresh = _store(acting, connection_id, evidence_id, answer, words)
        for word in fresh:
            _apply(acting, word)
        return len(fresh)


def _words(answer: CancellationAnswer) -> Iterator[Word]:
    """What is said of each case, at whatever level."""
    for line in answer.payments:
        if case := _case_of(line):
            yield _word(case, _status(answer, line), line.reasons)
    if answer.payments:
        return
    for message in answer.messages:
        for case in cases.recalls_of_message(message.original_message_id):
            yield _word(case, message.status or answer.status, message.reasons)
    if not answer.messages and answer.case:
        case = cases.recall(_uuid(answer.case.case_id))
        if case:
            yield _word(case, answer.status, ())


def _status(answer: CancellationAnswer, line: AnsweredPayment) -> str:
    """The line's own word; from version 09 on it cannot say "cancelled": it says "accepted" below
    a "cancelled" that is told of the whole (CancellationIndividualStatus1Code)."""
    above = _above(answer, line.original_batch_id)
    if line.status == _ACCEPTED and outcome_of(above) is Outcome.CANCELLED:
        return above
    return line.status or above


def _above(answer: CancellationAnswer, batch_id: str) -> str:
    for batch in answer.batches:
        if batch.batch_id == batch_id and batch.status:
            return batch.status
    told = [message.status for message in answer.messages if message.status]
    return told[0] if told else answer.status


def _case_of(line: AnsweredPayment) -> CaseRow | None:
    """By the id of the cancellation, which is our case's; else by message and end-to-end id."""
    case = cases.recall(_uuid(line.cancellation_id))
    if case is None and line.original_message_id:
        for found in cases.recalls_of_message(line.original_message_id):
            rows = attempts.by_ids([found.attempt_id] if found.attempt_id else [])
            if rows and rows[0].end_to_end_id == line.end_to_end_id:
                return found
    return case


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(hex=text)
    except ValueError:
        return None


def _word(case: CaseRow, status: str, reasons: Sequence[StatusReason]) -> Word:
    first = reasons[0] if reasons else StatusReason()
    return Word(
        case=case,
        status=status,
        reason=first.code,
        text=" ".join(first.texts),
    )


def _is_of(case: CaseRow, connection_id: UUID) -> bool:
    found = submissions.load([case.submission_id] if case.submission_id else [])
    return bool(found) and found[0].connection_id == connection_id


def _store(
    acting: Acting,
    connection_id: UUID,
    evidence_id: UUID,
    answer: CancellationAnswer,
    words: list[Word],
) -> list[Word]:
    named = {
        "|".join(["camt_029", answer.assignment_id, w.case.id.hex, w.status, w.reason]): w
        for w in words
    }
    known = submissions.known_facts(connection_id, list(named))
    fresh = {identity: word for identity, word in named.items() if identity not in known}
    submissions.insert_facts(
        [
            NewFact(
                id=acting.world.ids.new(),
                connection_id=connection_id,
                evidence_id=evidence_id,
                identity=identity,
                message_id=answer.assignment_id,
                original_message_id="",
                end_to_end_id="",
                status=word.status,
                reason=word.reason,
                reason_text=word.text,
                attempt_id=word.case.attempt_id,
                submission_id=word.case.submission_id,
                verdict=_verdict(word).value,
                kind="camt_029",
            )
            for identity, word in fresh.items()
        ],
        acting.world.clock.now(),
    )
    return list(fresh.values())


def _verdict(word: Word) -> Verdict:
    outcome = outcome_of(word.status)
    step = STAGE_MOVE.get(outcome) if outcome else None
    return Verdict.APPLIED if step and allows_stage(word.case, step) else Verdict.KEPT


def _apply(acting: Acting, word: Word) -> None:
    outcome = outcome_of(word.status)
    step = STAGE_MOVE.get(outcome) if outcome else None
    case = cases.lock(word.case.id)
    if case is None or step is None or not allows_stage(case, step):
        return  # A word we do not know, or one that says nothing new: kept, a person reads it.
    case = move_stage(acting, case, step, reason=word.reason, text=word.text)
    if outcome is Outcome.CANCELLED:
        _cancelled(acting, case, word)
    elif step is RecallMove.REFUSE:
        cases.update(case.id, next_action_at=None, can_do=_REFUSED)
        if CASE.allows(case.state, CaseMove.ANSWER):
            move(acting, case, CaseMove.ANSWER, text=word.text)


_REFUSED = "The bank refused: ask the payee for the money, or close the case with what was found."


def _cancelled(acting: Acting, case: CaseRow, word: Word) -> None:
    """Not made: it is over. Already made: the bank agreed, the money has yet to come."""
    rows = attempts.by_ids([case.attempt_id] if case.attempt_id else [])
    if rows and rows[0].state in _NOT_MADE:
        _end(acting, case, rows[0], word)
        return
    currency = case.amount.currency if case.amount else ""
    due = after_bank_days(acting, policy.MONEY_BANK_DAYS, currency)
    cases.update(case.id, next_action_at=due, due_at=due)


def _end(acting: Acting, case: CaseRow, row: AttemptRow, word: Word) -> None:
    purpose = CancelPurpose(case.details.get("purpose", CancelPurpose.STOP.value))
    did = move_attempts(acting, [row.id], CANCEL_MOVE[purpose], reason=word.reason, text=word.text)
    if did.get(row.id) is not Verdict.APPLIED:
        return  # What contradicts has a case of its own; this one waits on.
    if purpose is CancelPurpose.REROUTE:
        orders.act_at([row.order_id], acting.world.clock.now())
        wake("release_payments", tenant_id=acting.tenant_id)
    move(acting, case, CaseMove.RESOLVE, outcome="The bank cancelled the payment: no money moved.")
