"""The advice to a payee as a file, when somebody asks: after his money has gone, not before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

import msgspec

from nostro.domain.errors import Refused
from nostro.domain.payee_advice import PayeeAdvice
from nostro.domain.payee_remittance import remittance_of
from nostro.formats import Profile
from nostro.formats.american import x12_820_writer
from nostro.letters import remittance_letter, remittance_text
from nostro.storage import confidential, events
from nostro.storage.paid_payments import advice_of
from nostro.workflows.context import Acting
from nostro.workflows.revealing import check_shown

# Delimiters of X12, the usual ones first: a text may hold any of them.
_MARKS: Final = (("*", ">", "~"), ("|", "^", "\\"), ("!", "<", "`"))


class AdviceFormat(StrEnum):
    """How an advice is written."""

    TEXT = "text"
    PDF = "pdf"
    X12_820 = "x12_820"


class AdviceFile(msgspec.Struct, frozen=True, kw_only=True):
    """An advice as bytes, ready to be handed out or sent."""

    name: str
    media_type: str
    content: bytes


def of_payment(
    acting: Acting, order_id: UUID, form: AdviceFormat, *, whole_day: bool = False
) -> AdviceFile:
    """The advice about one payment, or about all that its payee got that day; inside the unit of
    work that somebody looks in. That he took it is an event.

    Raises Refused: `payment_unknown`, `not_cleared`, `not_executed_yet`, `payment_came_back`,
    `never_executed`; Invalid for what X12 cannot carry.
    """
    check_shown(acting, "order", order_id)
    advice = advice_of(order_id, whole_day=whole_day)
    if advice is None:
        raise Refused("payment_unknown", "There is no such payment for this customer.")
    made = write(advice, form, acting.world.clock.now())
    ids = [UUID(paid.order_id) for paid in advice.payments]
    confidential.note("order", ids)
    told = acting.alike("evidence.revealed", "order", ids, name="remittance advice")
    events.record_alike(told)
    return made


def write(advice: PayeeAdvice, form: AdviceFormat, made_at: datetime) -> AdviceFile:
    """The bytes of an advice in one of its forms."""
    ending, media_type, writer = _WRITERS[form]
    name = f"remittance-advice-{advice.payments[0].number}.{ending}"
    return AdviceFile(name=name, media_type=media_type, content=writer(advice, made_at))


def _text(advice: PayeeAdvice, _made_at: datetime) -> bytes:
    return remittance_text.write(advice).encode()


def _pdf(advice: PayeeAdvice, _made_at: datetime) -> bytes:
    return remittance_letter.write(advice)


def _x12(advice: PayeeAdvice, made_at: datetime) -> bytes:
    """One interchange a payment, one after another."""
    told = [remittance_of(advice, paid, made_at) for paid in advice.payments]
    said = remittance_text.write(advice) + advice.payer_code
    marks = next((marks for marks in _MARKS if not set(marks) & set(said)), _MARKS[0])
    element, component, segment = marks
    options = {"element": element, "component": component, "segment": segment}
    profile = Profile(options={**options, "lines": segment == "~"})
    return b"".join(x12_820_writer.write(one, profile) for one in told)


_WRITERS: Mapping[AdviceFormat, tuple[str, str, Callable[[PayeeAdvice, datetime], bytes]]] = {
    AdviceFormat.TEXT: ("txt", "text/plain; charset=utf-8", _text),
    AdviceFormat.PDF: ("pdf", "application/pdf", _pdf),
    AdviceFormat.X12_820: ("edi", "application/edi-x12", _x12),
}
