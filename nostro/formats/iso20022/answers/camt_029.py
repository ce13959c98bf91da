"""What a bank answers to a request to take payments back.

ISO 20022 camt.029.001.01 to .14 (ResolutionOfInvestigation), by local names.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

import msgspec

from nostro.domain.bank_answer import detach
from nostro.domain.cancellation import AnsweredBatch, AnsweredPayment, CancellationAnswer
from nostro.domain.problem import warning
from nostro.formats import Format, Profile
from nostro.formats.iso20022.answers.cancellation_parts import (
    ASSIGNED,
    ASSIGNMENT,
    CASE,
    ORIGINAL_MESSAGE,
    assignment,
    below,
    one,
    original_message,
    payment,
    payment_shape,
)
from nostro.formats.iso20022.answers.status_parts import COUNT, REASON, number_of, rest_of, tell
from nostro.formats.iso20022.xml.messages import Record, Shape, declared, identifies, records


def _payment(record: Record) -> AnsweredPayment | None:
    told = payment(record, answered=True)
    if told is None:
        return None
    batch = record.parent.get("batch") if record.parent else ""
    return AnsweredPayment(**told, status=record.get("status"), original_batch_id=batch)


def _answered(record: Record) -> AnsweredBatch:
    return AnsweredBatch(
        **original_message(record),
        batch_id=record.get("batch"),
        cancellation_id=record.get("cancellation_id"),
        case=one(record, "case"),
        original_transactions=number_of(record, "transactions"),
        original_control_sum=record.get("control_sum"),
        status=record.get("status"),
        reasons=tuple(record.objects("reason")),
        counts=tuple(record.objects("count")),
        codes=rest_of(record),
        location=record.location(),
    )


def _batch(record: Record) -> tuple[AnsweredBatch, list[AnsweredPayment]]:
    return _answered(record), record.objects("payment")


def _details(
    record: Record,
) -> tuple[list[AnsweredBatch], list[AnsweredBatch], list[AnsweredPayment]]:
    """The answer on one message: on itself, its batches and its payments, each naming it."""
    if record.parent is not None:
        record.parent.rest += [(f"CxlDtls/{path}", text) for path, text in record.rest]
    messages: list[AnsweredBatch] = record.objects("message")
    told: dict[str, Any] = {}
    if messages:
        names = ("original_message_id", "original_message_name", "original_created_at")
        told = {name: getattr(messages[0], name) for name in names}
    batches = [_of(batch, told) for batch, _ in record.objects("batch")]
    payments = [_of(line, told) for _, inside in record.objects("batch") for line in inside]
    payments += [_of(line, told) for line in record.objects("payment")]
    return messages, batches, payments


def _of(answered: Any, told: dict[str, Any]) -> Any:
    if answered.original_message_id or not told:
        return answered
    return msgspec.structs.replace(answered, **told)


def _answer(record: Record) -> CancellationAnswer:
    details = record.objects("details")
    messages = [found for own, _, _ in details for found in own]
    batches = [found for _, own, _ in details for found in own]
    payments = [found for _, _, own in details for found in own]
    status = record.get("status")
    if not (status or any(answered.status for answered in (*messages, *batches, *payments))):
        happened = "The answer does not say whether anything was cancelled."
        can_do = "Read its codes, and ask the bank."
        tell(record, warning("status_missing", happened, can_do, record.location()))
    return CancellationAnswer(
        **assignment(record),
        status=status,
        messages=tuple(messages),
        batches=tuple(batches),
        payments=tuple(payments),
        problems=tuple(record.objects("problems")),
        codes=rest_of(record),
    )


_ANSWERED = {"OrgnlNbOfTxs": "transactions", "OrgnlCtrlSum": "control_sum"}
_PARTS = {"RslvdCase": CASE, "CxlStsRsnInf": REASON, "NbOfTxsPerCxlSts": COUNT}
_PAYMENT = payment_shape(_payment)
_DETAILS = Shape(
    name="details",
    fields={},
    make=_details,
    inner={
        "OrgnlGrpInfAndSts": Shape(
            name="message",
            fields={
                **ORIGINAL_MESSAGE,
                "OrgnlGrpCxlId": "cancellation_id",
                "GrpCxlSts": "status",
                **_ANSWERED,
            },
            make=_answered,
            inner=_PARTS,
            keeps=True,
        ),
        "OrgnlPmtInfAndSts": Shape(
            name="batch",
            fields={
                "OrgnlPmtInfId": "batch",
                "OrgnlPmtInfCxlId": "cancellation_id",
                "PmtInfCxlSts": "status",
                **_ANSWERED,
                **below("OrgnlGrpInf", ORIGINAL_MESSAGE),
            },
            make=_batch,
            inner={**_PARTS, "TxInfAndSts": _PAYMENT},
            keeps=True,
        ),
        "TxInfAndSts": _PAYMENT,
    },
    keeps=True,
)
_ANSWER = Shape(
    name="answer",
    fields={**ASSIGNMENT, "Sts/Conf": "status"},
    make=_answer,
    inner={**ASSIGNED, "RslvdCase": CASE, "CxlDtls": _DETAILS},
    keeps=True,
)


def read(stream: BinaryIO, profile: Profile) -> Iterator[object]:
    """Yield the CancellationAnswer of each camt.029 message.

    A payment without any id is left out, with the problem `reference_missing`; other problems
    (`status_missing`, `amount_unreadable`, `date_unreadable`) are warnings. They are
    yielded right before their answer. Raises Invalid with a location for whatever
    `messages.records` refuses.
    """
    element = "RsltnOfInvstgtn|camt.029.001.01"
    for answer in records(stream, element, _ANSWER, declared(profile)):
        yield from detach(answer)


FORMAT = Format(
    name="camt_029",
    media_type="application/xml",
    standard="ISO 20022 camt.029.001.01 to .14",
    section="ResolutionOfInvestigation",
    versions=("01", *(f"{number:02}" for number in range(3, 15))),
    identify=identifies("camt.029"),
    read=read,
)
