"""Asking money back from a bank: a request with a deadline, its answers, and the money itself.

Every payment asked back is a case. The payment keeps its state until the bank has cancelled it or
the money is back; an answer that never comes ends with a person.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, time
from uuid import UUID

import msgspec

from nostro import formats
from nostro.domain.bank_status import StatusReason
from nostro.domain.cancellation import (
    CancellationRequest,
    CancelledBatch,
    CancelledMessage,
    CancelledPayment,
    CaseParty,
)
from nostro.domain.case import CASE, CaseKind, CaseMove, CaseState, RecallMove
from nostro.domain.money import Money, total
from nostro.domain.policies import recall as policy
from nostro.domain.policies import reversal
from nostro.domain.policies.recall import CancelPurpose, RecallReason
from nostro.domain.submission import SubmissionState
from nostro.ports import RecallsPayments
from nostro.storage import attempts, cases, events, evidence, parties, submissions
from nostro.storage.cases import CaseRow, NewCase
from nostro.storage.submissions import AttemptRow, SubmissionRow
from nostro.workflows.case_work import allows_stage, move, move_stage
from nostro.workflows.channel import open_channel, profile_of
from nostro.workflows.context import Acting
from nostro.workflows.sealed_file import seal
from nostro.workflows.wake import wake

RING = "The bank takes no requests on this connection: send it the letter of this case, or ring."
TEXT_MAX, NAME_MAX = 105, 140  # ISO 20022 Max105Text of a reason, Max140Text of a name
ASKED = "The bank is being asked; it has until the due time. Nothing is sent again meanwhile."


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Why payments are asked back, and what is to become of them."""

    reason: RecallReason
    purpose: CancelPurpose
    text: str


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of one bank about one file: its payments, their worth and their cases."""

    original: SubmissionRow
    members: tuple[AttemptRow, ...]
    amounts: dict[UUID, Money]
    case_ids: dict[UUID, UUID]
    before: dict[UUID, CaseRow]  # The last recall of a payment that was asked back already.
    asked: Asked


def ask_back(
    acting: Acting, gone: Sequence[AttemptRow], asked: Asked
) -> tuple[dict[UUID, UUID], dict[UUID, str]]:
    """Ask the bank for payments that have left; returns case ids, and why not, by order.

    Inside a unit of work that has locked the orders. A payment whose last recall has ended without
    its money may be asked for again: a new case, and a request of its own.
    """
    before = cases.newest_recalls([row.id for row in gone])
    not_taken = {
        row.order_id: "It is being asked back already."
        for row in gone
        if (last := before.get(row.id))
        and not policy.may_ask_again(last.stage, is_resolved=last.resolved_at is not None)
    }
    not_taken |= dict.fromkeys(_undone(gone), "It was reversed, and the bank has not refused that.")
    wanted = [row for row in gone if row.order_id not in not_taken]
    amounts = attempts.amounts([row.id for row in wanted])
    found: dict[UUID, UUID] = {}
    for original in submissions.load({row.submission_id for row in wanted}):
        members = tuple(row for row in wanted if row.submission_id == original.id)
        request = Request(
            original=original,
            members=members,
            amounts=amounts,
            case_ids={row.id: acting.world.ids.new() for row in members},
            before=before,
            asked=asked,
        )
        _open(acting, request)
        _tell(acting, request)
        _hand_over(acting, request)
        found |= {row.order_id: request.case_ids[row.id] for row in members}
    attempts.set_cancel_purpose([row.id for row in wanted], asked.purpose.value)
    return found, not_taken


def _undone(gone: Sequence[AttemptRow]) -> Iterator[UUID]:
    """The orders of which a reversal may bring the money, or waits for its second person."""
    for case in cases.of_orders([row.order_id for row in gone], CaseKind.REVERSAL):
        never_confirmed = case.resolved_at is not None and case.request_id is None
        if case.order_id and not reversal.may_be_recalled_after(case.stage, never_confirmed):
            yield case.order_id


def _open(acting: Acting, request: Request) -> None:
    reason, text = request.asked.reason, request.asked.text
    currency = request.amounts[request.members[0].id].currency
    due = after_bank_days(acting, policy.ANSWER_BANK_DAYS, currency)
    for last in request.before.values():
        if last.attempt_id in request.case_ids and CASE.allows(last.state, CaseMove.RESOLVE):
            move(acting, last, CaseMove.RESOLVE, outcome="The bank is being asked again.")
    cases.open_all(
        [
            NewCase(
                id=request.case_ids[row.id],
                kind=CaseKind.RECALL,
                natural_key=_key(request, row),
                parent_id=request.before[row.id].id if row.id in request.before else None,
                sentence=f"Payment {row.end_to_end_id} is being asked back ({reason}): {text}",
                can_do=ASKED,
                due_at=due,
                next_action_at=due,
                order_id=row.order_id,
                attempt_id=row.id,
                submission_id=row.submission_id,
                amount=request.amounts[row.id],
                reason=reason.value,
                details={"purpose": request.asked.purpose.value, "text": text},
            )
            for row in request.members
        ],
        acting.world.clock.now(),
    )


def _tell(acting: Acting, request: Request) -> None:
    """Who asked each payment back, and why."""
    asked, members = request.asked, request.members
    own = [{"case": str(request.case_ids[row.id])} for row in members]
    said = {"reason": asked.reason.value, "text": asked.text, "purpose": asked.purpose.value}
    ids = [row.order_id for row in members]
    events.record_alike(acting.alike("order.recall_asked", "order", ids, own, **said))


def _key(request: Request, row: AttemptRow) -> str:
    """One recall of a payment, and one more after each that has ended."""
    last = request.before.get(row.id)
    return f"{row.id}/after/{last.id}" if last else str(row.id)


def after_bank_days(acting: Acting, count: int, currency: str) -> datetime:
    """The end of the n-th bank day from today."""
    now = acting.world.clock.now()
    day = now.date()
    for _ in range(count):
        day = acting.world.calendar.next_bank_day(day.fromordinal(day.toordinal() + 1), currency)
    return datetime.combine(day, time(23, 59, 59), tzinfo=now.tzinfo)


def _hand_over(acting: Acting, request: Request) -> None:
    """Freeze the request for dispatch; where the bank takes none, a person has the case."""
    original = request.original
    channel = open_channel(acting, original.connection_id)
    if not isinstance(channel, RecallsPayments):
        for case_id in request.case_ids.values():
            cases.update(case_id, can_do=RING)
        return
    format_name = channel.recall_format()
    form = formats.find()[format_name]
    message_id = f"{parties.customer().code[:12]}-R-{acting.world.ids.new().hex[-12:]}"
    profile = profile_of(original.connection_id, format_name)
    content = formats.writer(form)(_cancellation(acting, message_id, request), profile)
    row = _submission(acting, message_id, content, form.media_type, request)
    seal(acting, row, content, channel)
    for case_id in request.case_ids.values():
        cases.update(case_id, request_id=row.id)
    wake("attend_submission", tenant_id=acting.tenant_id, submission_id=row.id)


def _cancellation(acting: Acting, message_id: str, request: Request) -> CancellationRequest:
    own = {str(account.id): account for account in parties.accounts()}
    account = own[str(request.original.account_id)]
    return CancellationRequest(
        assignment_id=message_id,
        created_at=acting.world.clock.now().strftime("%Y-%m-%dT%H:%M:%S"),
        assigner=CaseParty(name=parties.customer().name[:NAME_MAX]),
        assignee=CaseParty(bic=account.bic, bank=True),
        messages=(
            CancelledMessage(
                original_message_id=request.original.message_id,
                original_message_name="pain.001",
                batches=tuple(_batches(request)),
            ),
        ),
    )


def _batches(request: Request) -> Iterator[CancelledBatch]:
    """The payments by the batches they were sent in; each case's id is its cancellation's id."""
    why = StatusReason(code=request.asked.reason.value, texts=(request.asked.text[:TEXT_MAX],))
    for batch_id in sorted({row.payment_information_id for row in request.members}):
        yield CancelledBatch(
            batch_id=batch_id,
            payments=tuple(
                CancelledPayment(
                    cancellation_id=request.case_ids[row.id].hex,
                    end_to_end_id=row.end_to_end_id,
                    amount=request.amounts[row.id],
                    requested_date=row.execution_date,
                    reasons=(why,),
                )
                for row in request.members
                if row.payment_information_id == batch_id
            ),
        )


def _submission(
    acting: Acting, message_id: str, content: bytes, media_type: str, request: Request
) -> SubmissionRow:
    now, ids = acting.world.clock.now(), acting.world.ids
    name = f"{message_id}.xml"
    kept = evidence.keep(
        ids.new(), content, name=name, media_type=media_type, direction="out", now=now
    )
    sums = total(request.amounts[row.id] for row in request.members)
    row = SubmissionRow(
        id=ids.new(),
        purpose=submissions.RECALLS,
        state=SubmissionState.BUILT,
        connection_id=request.original.connection_id,
        account_id=request.original.account_id,
        message_id=message_id,
        file_name=name,
        media_type=media_type,
        evidence_id=kept,
        line_count=len(request.members),
        totals={currency: money.minor for currency, money in sums.items()},
        next_action_at=now,
    )
    submissions.insert(row, now)
    return row


def money_back(acting: Acting, order_id: UUID, back: Money, text: str) -> bool:
    """Money of a recalled payment has come back: its case ends; True when there was one.

    The caller moves the order by `recall` then, not by `return`; less than was asked for is the
    other banks' fees or a part, told in the case.
    """
    open_ones = cases.open_of_orders([order_id], CaseKind.RECALL)
    for row in open_ones:
        asked = row.amount or back
        missing = asked.minor - back.minor if asked.currency == back.currency else 0
        less = f", {Money(missing, back.currency)} less than was asked for" if missing else ""
        _accept(acting, row, text, f"{back} came back{less}. {text}".strip())
    return bool(open_ones)


def no_money_moved(acting: Acting, order_ids: Sequence[UUID], text: str) -> None:
    """The bank has cancelled these payments, whichever message said so: their recalls end."""
    for row in cases.open_of_orders(order_ids, CaseKind.RECALL):
        _accept(acting, row, text, "The bank cancelled the payment: no money moved.")


def _accept(acting: Acting, row: CaseRow, text: str, outcome: str) -> None:
    case = move_stage(acting, row, RecallMove.ACCEPT, text=text) if _may_accept(row) else row
    move(acting, case, CaseMove.RESOLVE, outcome=outcome)


def _may_accept(row: CaseRow) -> bool:
    return allows_stage(row, RecallMove.ACCEPT)


def attend(acting: Acting, case: CaseRow) -> None:
    """The term of a locked recall is over: nobody answered, or the agreed money did not come."""
    if allows_stage(case, RecallMove.EXPIRE):
        case = move_stage(acting, case, RecallMove.EXPIRE)
        sentence = f"Nobody answered in time. {case.sentence}"
    else:
        sentence = f"The money that the bank agreed to send back has not come. {case.sentence}"
    cases.update(case.id, next_action_at=None, sentence=sentence, can_do=RING)
    if case.state is CaseState.WAITING:
        move(acting, case, CaseMove.ANSWER, text="term over")
