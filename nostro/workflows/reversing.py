"""Undoing a payment that we originated wrongly: two people, a file of its own, and its money.

1. One person asks, while the rail still lets us; another confirms: then the entry that undoes it is
   written, read again, frozen and due to leave, once, like any payment.
2. The bank takes or refuses the file, books the money or returns the entry: the case says which.
3. What has not left when the time is over is given up.
A payment on a rail without reversals is recalled instead.
"""

from __future__ import annotations

import io
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

from nostro import formats
from nostro.domain.attempt import AttemptState
from nostro.domain.case import CASE, CaseKind, CaseMove, ReversalMove
from nostro.domain.errors import Refused
from nostro.domain.money import Money
from nostro.domain.party import Member
from nostro.domain.payment_file import PaymentFile, without_locations
from nostro.domain.policies import dispatching
from nostro.domain.policies import reversal as policy
from nostro.domain.policies.recall import may_be_undone_after
from nostro.domain.policies.reversal import Original, ReversalReason
from nostro.domain.submission import SUBMISSION, SubmissionMove, SubmissionState
from nostro.storage import cases, evidence, submissions
from nostro.storage.cases import CaseRow
from nostro.storage.orders import OrderRow
from nostro.storage.submissions import AttemptRow, SubmissionRow
from nostro.storage.tenancy import tenant
from nostro.workflows import cancelling
from nostro.workflows.case_work import (
    allows_stage,
    checked_reason,
    locked,
    move,
    move_stage,
    new_case,
    open_cases,
)
from nostro.workflows.channel import open_channel, profile_of
from nostro.workflows.context import Acting
from nostro.workflows.moves import move_submission
from nostro.workflows.recall import after_bank_days
from nostro.workflows.sealed_file import seal
from nostro.workflows.wake import wake

FORMAT = "nacha"
_LEAVES_BY = "leaves_by"  # In the details of a case: the end of its window, in ISO 8601.
TRACES = 10**7  # A trace number is the bank's eight digits and seven of ours.
_WITHOUT_MONEY = "Ask the payee for the money, or close the case with what was found."


def ask(acting: Acting, member: Member, order_id: UUID, reason: ReversalReason, text: str) -> UUID:
    """Ask for a payment to be reversed; returns the case, which a second person has to confirm.

    Raises Refused when the member may not, or this payment cannot be reversed (any more).
    """
    policy.may_ask(member)
    told = checked_reason(text)
    with tenant(acting.tenant_id):
        order, attempt = _locked(order_id)
        policy.may_ask(member, order.touched())
        _check(acting, order, attempt)
        key = _key(order, attempt)
        due = end_of_window(acting, order, attempt)
        case = new_case(
            acting,
            CaseKind.REVERSAL,
            key,
            f"Payment {order.number} is to be reversed ({reason}): {told}",
            "A second person confirms it; nothing has been sent.",
            due_at=due,
            next_action_at=due,
            order_id=order.id,
            attempt_id=attempt.id,
            submission_id=attempt.submission_id,
            amount=order.instruction.amount,
            reason=reason.value,
            details={"asked_by": member.id, "asked_by_name": member.name, "text": told},
        )
        open_cases(acting, [case])
        return case.id


def confirm(acting: Acting, member: Member, case_id: UUID) -> UUID:
    """Be the second person: the reversal is frozen and due to leave; returns its submission."""
    with tenant(acting.tenant_id):
        order, attempt = _locked(_order_of(case_id))  # Before its case, as everywhere.
        case = locked(case_id)
        if case.resolved_at or case.request_id or not allows_stage(case, ReversalMove.SEND):
            raise Refused(
                "reversal_decided",
                "This reversal is not waiting for anybody.",
                can_do="Reload the page; somebody may have decided on it.",
            )
        policy.may_confirm(member, str(case.details["asked_by"]), order.touched())
        original = _check(acting, order, attempt)
        row, trace = _freeze(acting, attempt, original)
        currency = order.instruction.amount.currency
        due = after_bank_days(acting, policy.MONEY_BANK_DAYS, currency)
        cases.update(
            case.id,
            request_id=row.id,
            due_at=due,
            next_action_at=end_of_window(acting, order, attempt),
            details=case.details
            | {
                "confirmed_by": member.id,
                "confirmed_by_name": member.name,
                "trace": trace,
                _LEAVES_BY: end_of_window(acting, order, attempt).isoformat(),
            },
            can_do="The bank gets it; the money is expected by the due time.",
        )
        return row.id


def _order_of(case_id: UUID) -> UUID:
    row = cases.look(case_id)
    if row is None or row.kind is not CaseKind.REVERSAL or row.order_id is None:
        raise Refused("case_unknown", "There is no such reversal for this customer.")
    return row.order_id


def _locked(order_id: UUID) -> tuple[OrderRow, AttemptRow]:
    """A payment and its attempt, its file locked first; raises Refused when it never left."""
    rows, found = cancelling.locked_with_files([order_id])
    attempt = found.get(order_id)
    if attempt is None:
        raise _not_possible(rows[0], "it is not on its way, nor paid.")
    return rows[0], attempt


def _check(acting: Acting, order: OrderRow, attempt: AttemptRow) -> Original:
    """The entry to undo; raises Refused when the payment cannot be reversed (any more)."""
    if not policy.is_reversible(order.state, attempt.state) or attempt.state in _NOT_YET:
        raise _not_possible(order, f"it is {order.state}, at the bank {attempt.state}.")
    asked_back = cases.newest_recalls([attempt.id]).get(attempt.id)
    if asked_back and not may_be_undone_after(asked_back.stage):
        raise _not_possible(order, "it was asked back: one of both, or money could come twice")
    original = _original(attempt)
    if original is None:
        raise Refused(
            "reversal_not_known_to_rail",
            f"{order.number} left on a rail on which its originator cannot reverse it.",
            "Nothing was sent.",
            "Ask for it back by a recall.",
        )
    last = end_of_window(acting, order, attempt).date()
    policy.check_window(order.number, last, acting.world.clock.now().date())
    return original


# Perhaps the bank does not have it: then there is nothing to undo yet.
_NOT_YET = frozenset({AttemptState.DISPATCHING, AttemptState.UNKNOWN})


def end_of_window(acting: Acting, order: OrderRow, attempt: AttemptRow) -> datetime:
    """The end of the last day on which a payment may be reversed."""
    currency = order.instruction.amount.currency
    day = acting.world.calendar.next_bank_day(attempt.execution_date, currency)
    for _ in range(policy.WINDOW_BANK_DAYS):
        day = acting.world.calendar.next_bank_day(day + timedelta(days=1), currency)
    return datetime.combine(day, time(23, 59, 59), tzinfo=UTC)


def _not_possible(order: OrderRow, why: str) -> Refused:
    return Refused(
        "reversal_not_possible",
        f"{order.number} cannot be reversed: {why}",
        "Nothing was sent.",
        "Look at the payment's trace.",
    )


def _key(order: OrderRow, attempt: AttemptRow) -> str:
    """One reversal of an entry, and another one only after the bank refused it."""
    before = cases.of_orders([order.id], CaseKind.REVERSAL)
    sent = [row for row in before if row.attempt_id == attempt.id and row.request_id]
    waiting = [row for row in before if row.resolved_at is None]
    if waiting or not all(policy.may_ask_again(row.stage) for row in sent):
        raise _not_possible(order, "a reversal of it has been asked for already.")
    return f"{attempt.id}/{len(before) + 1}"


def _original(attempt: AttemptRow) -> Original | None:
    """The entry in the bytes that left; None on a rail without reversals."""
    (file,) = submissions.load([attempt.submission_id])
    content = evidence.read(file.evidence_id)
    form = formats.identify(content)
    if form.name != FORMAT:
        return None
    profile = profile_of(file.connection_id, FORMAT)
    read = formats.documents(form, io.BytesIO(content), profile)
    files = [without_locations(item) for item in read if isinstance(item, PaymentFile)]
    return policy.find(files, frozenset({attempt.rail_reference, attempt.end_to_end_id}) - {""})


def _freeze(acting: Acting, attempt: AttemptRow, original: Original) -> tuple[SubmissionRow, str]:
    """Bytes and ids, written, read again and compared, stored with the intent to send them; and
    the trace number by which the entry may be returned."""
    (file,) = submissions.load([attempt.submission_id])
    now, ids = acting.world.clock.now(), acting.world.ids
    submission_id = ids.new()
    message_id = f"R{submission_id.hex[-7:].upper()}"  # Eight characters of a Nacha file header.
    trace = _trace(original, submission_id)
    wanted = policy.reversing_file(
        original,
        message_id=message_id,
        created_at=now.strftime("%Y-%m-%dT%H:%M"),
        day=acting.world.calendar.next_bank_day(now.date(), original.entry.amount.currency),
        trace=trace,
    )
    content, media_type = _written(file.connection_id, wanted)
    name = f"{message_id}.ach"
    kept = evidence.keep(
        ids.new(), content, name=name, media_type=media_type, direction="out", now=now
    )
    amount = original.entry.amount
    row = SubmissionRow(
        id=submission_id,
        purpose=submissions.REVERSALS,
        state=SubmissionState.BUILT,
        connection_id=file.connection_id,
        account_id=file.account_id,
        message_id=message_id,
        file_name=name,
        media_type=media_type,
        evidence_id=kept,
        line_count=1,
        totals={amount.currency: amount.minor},
        next_action_at=now,
    )
    submissions.insert(row, now)
    seal(acting, row, content, open_channel(acting, row.connection_id))
    wake("attend_submission", tenant_id=acting.tenant_id, submission_id=row.id)
    return row, trace


def _written(connection_id: UUID, wanted: PaymentFile) -> tuple[bytes, str]:
    """The bytes; raises Invalid from the writer, Refused when they do not say just this."""
    form = formats.find()[FORMAT]
    profile = profile_of(connection_id, FORMAT)
    content = formats.writer(form)(wanted, profile)
    read = [
        without_locations(item)
        for item in formats.documents(form, io.BytesIO(content), profile)
        if isinstance(item, PaymentFile)
    ]
    if [_said(one) for one in read] != [_said(wanted)]:
        raise Refused(
            "file_differs_from_approval",
            "The file of the reversal does not say exactly what was confirmed.",
            "It was not sent.",
            "Look at the bank's profile: it may change entries, which a reversal must not.",
        )
    return content, form.media_type


def _said(file: PaymentFile) -> list[Any]:
    """What a reversal must say: whose entry, of which class, to whom, and how much."""
    return [
        (
            batch.own.identifier,
            batch.local_instrument,
            batch.entry_description,
            batch.method,
            entry.transaction_code,
            entry.amount,
            entry.counterparty_account.number,
            entry.counterparty_agent.member_id,
            entry.end_to_end_id,
            entry.rail_reference,
        )
        for batch in file.batches
        for entry in batch.payments
    ]


def _trace(original: Original, submission_id: UUID) -> str:
    """A trace number of the same bank that is not the original's."""
    bank, ours = original.entry.rail_reference[:8], original.entry.rail_reference[8:]
    number = submission_id.int % TRACES
    if f"{number:07d}" == ours:
        number = (number + 1) % TRACES
    return f"{bank}{number:07d}"


def money_back(acting: Acting, order_id: UUID, back: Money, text: str) -> UUID | None:
    """Money of a payment has been booked back: its open reversal ends; returns its case."""
    ended = None
    for row in cases.open_of_orders([order_id], CaseKind.REVERSAL):
        case = row
        if allows_stage(row, ReversalMove.BOOK):
            case = move_stage(acting, row, ReversalMove.BOOK, text=text)
        move(acting, case, CaseMove.RESOLVE, outcome=f"{back} was booked back. {text}".strip())
        ended = row.id
    return ended


def entry_returned(acting: Acting, case_id: UUID, reason: str, text: str) -> None:
    """The receiving bank returned the entry of a reversal: nothing came back by it. Whoever calls
    holds the order that it is about, as everybody who moves what belongs to one."""
    case = locked(case_id)
    if case.resolved_at is None and allows_stage(case, ReversalMove.REFUSE):
        case = move_stage(acting, case, ReversalMove.REFUSE, reason=reason, text=text)
        _to_a_person(acting, case, f"The reversal was returned ({reason}). {case.sentence}")


def is_too_late(submission_id: UUID, now: datetime) -> bool:
    """May a reversal in this file not leave any more? Its first byte has to go before its rail's
    time is over, however slow the sender; the house clock then gives the file up."""
    told = [case.details.get(_LEAVES_BY) for case in cases.of_request(submission_id)]
    latest = now + dispatching.SEND_PATIENCE
    return any(latest > datetime.fromisoformat(end) for end in told if end)


def is_over(row: SubmissionRow) -> bool:
    """Is this the file of a reversal that is not wanted any more: its money came back by itself, or
    a person closed its case? Whoever ends the case waits for us, or we see that it has ended."""
    if row.purpose != submissions.REVERSALS:
        return False
    return all(case.resolved_at for case in cases.of_request(row.id))


def give_up(acting: Acting, row: SubmissionRow) -> None:
    """A file that has not left and must not any more; what it asks for is settled otherwise."""
    move_submission(acting, row, SubmissionMove.ABANDON, reason="reversal_over")
    submissions.update(row.id, next_action_at=None)


def attend(acting: Acting, case_id: UUID) -> None:
    """The time of a reversal is over: to confirm it, to leave, or for its money to come."""
    seen, now = cases.look(case_id), acting.world.clock.now()
    file = submissions.lock(seen.request_id) if seen and seen.request_id else None
    case = locked(case_id)
    if case.resolved_at or case.next_action_at is None:
        return
    if case.next_action_at > now + dispatching.LEASE:  # Whoever woke us has set it this far ahead.
        return
    if case.request_id is None:
        case = move_stage(acting, case, ReversalMove.REFUSE, text="not confirmed in time")
        move(acting, case, CaseMove.RESOLVE, outcome="Nobody confirmed it in time: nothing left.")
    elif file and SUBMISSION.allows(file.state, SubmissionMove.ABANDON):
        move_submission(acting, file, SubmissionMove.ABANDON, reason="reversal_too_late")
        submissions.update(file.id, next_action_at=None)
        _to_a_person(acting, locked(case_id), f"It could not leave in time. {case.sentence}")
    elif now < case.due_at:
        cases.update(case.id, next_action_at=case.due_at)
    else:
        _to_a_person(acting, case, f"The money of the reversal has not come. {case.sentence}")


def _to_a_person(acting: Acting, case: CaseRow, sentence: str) -> None:
    cases.update(case.id, next_action_at=None, sentence=sentence, can_do=_WITHOUT_MONEY)
    if CASE.allows(case.state, CaseMove.ANSWER):
        move(acting, case, CaseMove.ANSWER, text=sentence)
