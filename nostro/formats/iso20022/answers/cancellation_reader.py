"""Reads requests to cancel payments (ISO 20022 camt.055 and camt.056), by local names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal, InvalidOperation
from typing import Any, BinaryIO

import msgspec

from nostro.domain.bank_answer import detach
from nostro.domain.cancellation import (
    CancellationRequest,
    CancelledBatch,
    CancelledMessage,
    CancelledPayment,
    payments_of,
)
from nostro.domain.problem import warning
from nostro.formats import Profile
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
    yes,
)
from nostro.formats.iso20022.answers.status_parts import REASON, number_of, rest_of, tell
from nostro.formats.iso20022.control_sum import plain_sum
from nostro.formats.iso20022.xml.messages import Record, Shape, declared, records


def _payment(record: Record) -> CancelledPayment | None:
    told = payment(record)
    if told is None:
        return None
    if status := record.get("status"):
        told["codes"] += (("TxCxlSts", status),)
    return CancelledPayment(**told)


def _whole_or_part(record: Record) -> dict[str, Any]:
    return {
        **original_message(record),
        "cancellation_id": record.get("cancellation_id"),
        "case": one(record, "case"),
        "original_transactions": number_of(record, "transactions"),
        "original_control_sum": record.get("control_sum"),
        "whole": yes(record, "whole"),
        "reasons": tuple(record.objects("reason")),
        "payments": tuple(record.objects("payment")),
        "location": record.location(),
    }


def _batch(record: Record) -> CancelledBatch:
    told = _whole_or_part(record)
    return CancelledBatch(batch_id=record.get("batch"), **told, codes=rest_of(record))


def _message(record: Record) -> CancelledMessage:
    told = _whole_or_part(record)
    batches = tuple(record.objects("batch"))
    return CancelledMessage(**told, batches=batches, codes=rest_of(record))


def _request(between_banks: bool) -> Callable[[Record], CancellationRequest]:
    def make(record: Record) -> CancellationRequest:
        messages: list[CancelledMessage] = record.objects("message")
        made = CancellationRequest(
            **assignment(record), messages=tuple(messages), between_banks=between_banks
        )
        _check_totals(record, payments_of(made))
        if not messages:
            happened = "The request does not say what to cancel."
            can_do = "Ask the sender what is meant."
            tell(record, warning("nothing_to_cancel", happened, can_do, record.location()))
        problems = tuple(record.objects("problems"))
        return msgspec.structs.replace(made, problems=problems, codes=rest_of(record))

    return make


def _check_totals(record: Record, payments: list[CancelledPayment]) -> None:
    """Hold the request against its own count and sum, where it lists the payments."""
    count, total = number_of(record, "transactions"), record.get("control_sum")
    # A request for whole messages or batches counts payments that it does not list.
    if not payments:
        record.rest += [("CtrlData/CtrlSum", total)] if total else []
        return
    told = (payment.amount or payment.settlement_amount for payment in payments)
    amounts = [amount for amount in told if amount]
    found = plain_sum(amounts)
    if count not in (None, len(payments)):
        _differs(record, "count_differs", f"that it holds {count} payments", str(len(payments)))
    elif total and len(amounts) == len(payments) and _number(total) != Decimal(found):
        _differs(record, "sum_differs", f"that its amounts add up to {total[:40]}", found)


def _differs(record: Record, code: str, said: str, found: str) -> None:
    happened = f"The request says {said}; {found} was read."
    can_do = "Ask the sender for the whole request before you act on it."
    tell(record, warning(code, happened, can_do, record.location()))


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


_PART = {"NbOfTxs": "transactions", "CtrlSum": "control_sum"}
_PAYMENT = payment_shape(_payment)
_BATCH = Shape(
    name="batch",
    fields={
        "OrgnlPmtInfId": "batch",
        "PmtCxlId": "cancellation_id",
        "PmtInfCxl": "whole",
        **_PART,
        **below("OrgnlGrpInf", ORIGINAL_MESSAGE),
    },
    make=_batch,
    inner={"Case": CASE, "CxlRsnInf": REASON, "TxInf": _PAYMENT},
    keeps=True,
)
_GROUP = {"GrpCxlId": "cancellation_id", "GrpCxl": "whole", **_PART, **ORIGINAL_MESSAGE}
_MESSAGE = Shape(
    name="message",
    fields=below("OrgnlGrpInfAndCxl", _GROUP),
    make=_message,
    inner={
        "OrgnlGrpInfAndCxl/Case": CASE,
        "OrgnlGrpInfAndCxl/CxlRsnInf": REASON,
        "OrgnlPmtInfAndCxl": _BATCH,
        "TxInf": _PAYMENT,
    },
    keeps=True,
)


def reader_of(
    element: str, *, between_banks: bool
) -> Callable[[BinaryIO, Profile], Iterator[object]]:
    """A reader of the requests under one message element.

    It yields the CancellationRequest of each message. A payment without any id is left out, with
    the problem `reference_missing`; other problems (`nothing_to_cancel`, `count_differs`,
    `sum_differs`, `amount_unreadable`, `date_unreadable`) are warnings. They are yielded
    right before their request. Raises Invalid with a location for whatever `messages.records`
    refuses.
    """
    shape = Shape(
        name="request",
        fields={
            **ASSIGNMENT,
            "CtrlData/NbOfTxs": "transactions",
            "CtrlData/CtrlSum": "control_sum",
        },
        make=_request(between_banks),
        inner={**ASSIGNED, "Case": CASE, "Undrlyg": _MESSAGE},
        keeps=True,
    )

    def read(stream: BinaryIO, profile: Profile) -> Iterator[object]:
        for request in records(stream, element, shape, declared(profile)):
            yield from detach(request)

    return read
