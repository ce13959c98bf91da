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
from nostro.domain.cancellation import (
    AnsweredBatch,
    AnsweredPayment,
    CancellationAnswer,
    Outcome,
    outcome_of,
)
from nostro.domain.case import CASE, CaseKind, CaseMove, RecallMove
from nostro.domain.policies import recall as policy
from nostro.domain.policies.recall import CANCEL_MOVE, STAGE_MOVE, CancelPurpose
from nostro.storage import attempts, cases, orders, submissions
from nostro.storage.cases import CaseRow
from nostro.storage.submissions import AttemptRow, NewFact
from nostro.storage.tenancy import tenant
from nostro.workflows import recall
from nostro.workflows.case_work import allows_stage, move, move_stage
from nostro.workflows.context import Acting
from nostro.workflows.lock_order import lock
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
        lock(  # Before their cases.
            {word.case.submission_id for word in words if word.case.submission_id},
            {word.case.order_id for word in words if word.case.order_id},
        )
        fresh = _store(acting, connection_id, evidence_id, answer, words)
        for word in fresh:
            _apply(acting, word)
        return len(fresh)


def _words(answer: CancellationAnswer) -> Iterator[Word]:
    """What is said of each case, at the lowest level that names payments."""
    for line in answer.payments:
        if case := _case_of(line):
            yield _word(case, _status(answer, line), line.reasons)
    if any(map(_names_a_payment, answer.payments)):
        return
    told = 0
    for message in answer.messages:
        for case in _cases_of_message(message):
            told += 1
            yield _word(case, message.status or answer.status, message.reasons)
    if not told and answer.case:
        case = cases.recall(_uuid(answer.case.case_id))
        if case:
            yield _word(case, answer.status, ())


def _names_a_payment(line: AnsweredPayment) -> bool:
    """Banks between each other answer with a line that has a reference of their own alone."""
    told = (line.end_to_end_id, line.instruction_id, line.uetr, line.transaction_id)
    return any(told) or _case_of(line) is not None


def _cases_of_message(message: AnsweredBatch) -> list[CaseRow]:
    """The recalls of our file, or of our request, that is named; else the one case that is."""
    found = cases.recalls_of_message(message.original_message_id)
    named = cases.recall(_uuid(message.case.case_id)) if message.case else None
    return found or ([named] if named else [])


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
    """By the id of the cancellation or of the case, which is our case's; else by the message with
    the end-to-end id or UETR."""
    case = cases.recall(_uuid(line.cancellation_id))
    if case is None and line.case:
        case = cases.recall(_uuid(line.case.case_id))
    if case is None and line.original_message_id:
        for found in cases.recalls_of_message(line.original_message_id):
            rows = attempts.by_ids([found.attempt_id] if found.attempt_id else [])
            if rows and _names(line, rows[0]):
                return found
    return case


def _names(line: AnsweredPayment, row: AttemptRow) -> bool:
    if line.end_to_end_id or not line.uetr:
        return line.end_to_end_id == row.end_to_end_id
    return _uuid(line.uetr) == row.uetr


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
    named = {_identity(answer, word): word for word in words}
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


def _identity(answer: CancellationAnswer, word: Word) -> str:
    """Of the payment, not of the case: an answer that comes again is none to a later request."""
    of = word.case.attempt_id or word.case.id
    return "|".join(["camt_029", answer.assignment_id, of.hex, word.status, word.reason])


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
    elif step is RecallMove.REFUSE and case.resolved_at is None:
        cases.update(case.id, next_action_at=None, can_do=_REFUSED)
        if CASE.allows(case.state, CaseMove.ANSWER):
            move(acting, case, CaseMove.ANSWER, text=word.text)


_REFUSED = "The bank refused: ask the payee for the money, or close the case with what was found."


def _cancelled(acting: Acting, case: CaseRow, word: Word) -> None:
    """Not made: it is over. Already made: the bank agreed, the money has yet to come."""
    rows = attempts.by_ids([case.attempt_id] if case.attempt_id else [])
    if rows and rows[0].state in _NOT_MADE:
        cancel(acting, [rows[0].id], reason=word.reason, text=word.text)
        return
    if case.resolved_at and case.order_id:
        if cases.open_of_orders([case.order_id], CaseKind.RECALL):
            return  # It has been asked for again since: that case waits for the money.
        case = move(acting, case, CaseMove.REOPEN, text="The bank agreed after all.")
    currency = case.amount.currency if case.amount else ""
    due = after_bank_days(acting, policy.MONEY_BANK_DAYS, currency)
    cases.update(case.id, next_action_at=due, due_at=due)


def cancel(
    acting: Acting, attempt_ids: Sequence[UUID], *, reason: str, text: str
) -> dict[UUID, Verdict]:
    """The bank says, by whichever message, that it has not made these payments and will not.

    Each ends as was asked for with its recall, else for good; recalls of those that ended are over.
    What contradicts has a case of its own, and the recall waits on.
    """
    lock((), submissions.order_ids_of(attempt_ids))
    wanted = cases.newest_recalls(attempt_ids)
    verdicts: dict[UUID, Verdict] = {}
    for purpose, step in CANCEL_MOVE.items():
        ids = [each for each in attempt_ids if _purpose(wanted.get(each)) is purpose]
        if not ids:
            continue
        did = move_attempts(acting, ids, step, reason=reason, text=text)
        verdicts |= did
        ended = [row.order_id for row in attempts.by_ids(ids) if did[row.id] is Verdict.APPLIED]
        recall.no_money_moved(acting, ended, text)
        if ended and purpose is CancelPurpose.REROUTE:
            orders.act_at(ended, acting.world.clock.now())
            wake("release_payments", tenant_id=acting.tenant_id)
    return verdicts


def _purpose(case: CaseRow | None) -> CancelPurpose:
    """What was asked for, as long as the request stands: refused or closed it frees no route."""
    if case is None or policy.may_ask_again(case.stage, is_resolved=case.resolved_at is not None):
        return CancelPurpose.STOP
    return CancelPurpose(case.details.get("purpose", CancelPurpose.STOP.value))
