"""How the simulated bank answers a recall: free before the booking, by asking the payee after it.

ISO 20022 camt.055 in, camt.029 out; money that comes back is booked with the reason FOCR.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import partial

from nostro.domain.cancellation import CancellationRequest, CancelledPayment
from nostro.domain.payment_file import Method
from nostro.simulator.answer_messages import RecallLine, RecallMessage, Word, recall_message
from nostro.simulator.paying import AFTER_RECALL, give_back
from nostro.simulator.personalities import Reach
from nostro.simulator.reporting import report
from nostro.simulator.state import Instructed, PaymentState, State, TakenFile

PAYEE_ANSWERS_AFTER = timedelta(days=1)
# ExternalPaymentCancellationRejection1Code: by customer's decision, never received, given back.
_REFUSED, _UNKNOWN, _BACK_ALREADY = "CUST", "NOOR", "ARDT"
_SILENT = "unanswered"

Line = tuple[RecallLine, Instructed | None]


def answer_recall(state: State, file: TakenFile, request: CancellationRequest) -> None:
    """Decide on every payment that a recall names and say so."""
    if file.forgotten:
        return
    file.decided = True
    lines = [_line(state, file, *found) for found in _named(state, request)]
    told = [line for line, _ in lines if line.status != _SILENT]
    if told:
        _send(state, file, request, told)
    for line, one in lines:
        if one is not None and line.status == "PDCR" and not line.reason:
            due = state.now + PAYEE_ANSWERS_AFTER
            state.at(due, partial(_payee_agrees, state, file, request, one))


def _named(
    state: State, request: CancellationRequest
) -> Iterator[tuple[str, str, str, Instructed | None]]:
    """Message id, end-to-end id and UETR of each payment meant, and that payment if we have it."""
    for message in request.messages:
        original = message.original_message_id
        for batch in message.batches:
            of = batch.original_message_id or original
            if not batch.payments:
                yield from _all(state, of, batch.batch_id)
            for one in batch.payments:
                yield _one(state, one.original_message_id or of, batch.batch_id, one)
        for one in message.payments:
            yield _one(state, one.original_message_id or original, "", one)
        if not message.batches and not message.payments:
            yield from _all(state, original, "")


def _payments(state: State, message_id: str, batch_id: str) -> Iterator[Instructed]:
    for key in [message_id] if message_id else list(state.files):
        for file in state.files.get(key, ()):
            for one in file.payments:
                if not file.forgotten and batch_id in ("", one.batch_id):
                    yield one


def _all(
    state: State, message_id: str, batch_id: str
) -> Iterator[tuple[str, str, str, Instructed | None]]:
    for one in list(_payments(state, message_id, batch_id)):
        yield message_id, one.payment.end_to_end_id, one.payment.uetr, one


def _one(
    state: State, message_id: str, batch_id: str, told: CancelledPayment
) -> tuple[str, str, str, Instructed | None]:
    for one in _payments(state, message_id, batch_id):
        same_uetr = told.uetr and told.uetr == one.payment.uetr
        if same_uetr or told.end_to_end_id == one.payment.end_to_end_id:
            return one.file.message_id, told.end_to_end_id, told.uetr, one
    return message_id, told.end_to_end_id, told.uetr, None


def _line(
    state: State, file: TakenFile, message_id: str, key: str, uetr: str, one: Instructed | None
) -> Line:
    status, reason = _decided(state, file, key, one)
    line = RecallLine(
        original_message_id=message_id or "NOTPROVIDED",
        end_to_end_id=key,
        uetr=uetr,
        status=status,
        reason=reason,
    )
    state.tell(f"recall of {key}: {status} {reason}".rstrip())
    return line, one


def _decided(state: State, file: TakenFile, key: str, one: Instructed | None) -> tuple[str, str]:
    if one is None or one.state is PaymentState.NOT_PAID:
        return "RJCR", _UNKNOWN
    if one.state in (PaymentState.RETURNED, PaymentState.CANCELLED):
        return "RJCR", _BACK_ALREADY
    if one.state in (PaymentState.TAKEN, PaymentState.WAITING):
        _cancel(state, one)
        return "ACCR", ""
    traits = file.traits
    if not file.scripted:
        about = (file.message_id, key, file.time)
        traits = state.character.thrown(state.dice, Reach.RECALL, *about)
    match traits.get("refuses_recalls"):
        case "refused":
            return "RJCR", _REFUSED
        case "pending":
            return "PDCR", _REFUSED
        case "unanswered":
            return _SILENT, ""
    return "PDCR", ""


def _cancel(state: State, one: Instructed) -> None:
    if one.state is PaymentState.WAITING and one.method is not Method.DIRECT_DEBIT:
        state.accounts[one.iban].free(one.payment.amount)
    one.state = PaymentState.CANCELLED
    report(state, one.file, [(one, Word("CANC"))])


def _payee_agrees(
    state: State, file: TakenFile, request: CancellationRequest, one: Instructed
) -> None:
    payment = one.payment
    back = one.state is PaymentState.BOOKED
    line = RecallLine(
        original_message_id=one.file.message_id,
        end_to_end_id=payment.end_to_end_id,
        uetr=payment.uetr,
        status="ACCR" if back else "RJCR",
        reason="" if back else _BACK_ALREADY,
    )
    _send(state, file, request, [line])
    give_back(state, one, "whole", AFTER_RECALL)


def _send(
    state: State, file: TakenFile, request: CancellationRequest, lines: list[RecallLine]
) -> None:
    states = {line.status for line in lines}
    words = {"ACCR": "CNCL", "RJCR": "RJCR", "PDCR": "PDCR"}
    status = words[states.pop()] if len(states) == 1 else "PECR"
    case = request.case or next((m.case for m in request.messages if m.case), None)
    message = RecallMessage(
        message_id=state.number("RCL"),
        created_at=state.now,
        bank_bic=state.bic,
        customer=request.assigner.name,
        case_id=case.case_id if case else "",
        status=status,
        lines=tuple(lines),
    )
    state.release("camt.029", file.message_id, recall_message(message), state.now)
