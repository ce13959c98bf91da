"""An advice to a payee as the record that X12 820 carries: one for each payment of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from nostro.domain.payee_advice import PaidPayment, PayeeAdvice
from nostro.domain.payment import Rail
from nostro.domain.remittance import (
    ReferredDocument,
    RemittanceAdvice,
    RemittanceEntity,
    RemittanceEnvelope,
    RemittanceParty,
)

# BPR04 and BPR05: the way the money goes. What X12 has no word for is left to the bank (BOP).
_METHODS: Final[Mapping[str, tuple[str, str]]] = {
    Rail.ACH_CCD: ("ACH", "CCD"),
    Rail.ACH_CTX: ("ACH", "CTX"),
    Rail.ACH_PPD: ("ACH", "PPD"),
    Rail.FEDWIRE: ("FWT", ""),
    Rail.CHECK: ("CHK", ""),
}
_REMITTANCE_ONLY: Final = "I"  # BPR01: information, the money went another way.
_VERSION: Final = "005010"
_NAME, _STREET, _NOTE, _ID = 60, 55, 80, 15  # The longest N102, N301, NTE02 and ISA06.
_HEADER: Final = (("ISA01", "00"), ("ISA03", "00"), ("ISA11", "^"), ("ISA12", "00501"))


def remittance_of(advice: PayeeAdvice, paid: PaidPayment, made_at: datetime) -> RemittanceAdvice:
    """The same payment always gets the same control numbers: a repeated file is known as such.

    Accounts are left out: an advice goes over ways that we do not choose.
    """
    method, layout = _METHODS.get(paid.rail, ("BOP", ""))
    number = f"{UUID(paid.order_id).int % 10**9:09}"
    return RemittanceAdvice(
        amount=paid.amount,
        currency=paid.amount.currency,
        direction="C",
        handling=_REMITTANCE_ONLY,
        method=method,
        payment_format=layout,
        effective=paid.executed_on,
        trace_kind="1",
        trace=paid.end_to_end_id,
        references=(("TN", paid.number), *((("ZZ", paid.uetr),) if paid.uetr else ())),
        notes=tuple(("PMT", part) for part in _parts(paid.text, _NOTE)),
        parties=(_payer(advice), _payee(advice)),
        entities=_entities(paid),
        control_number=number,
        envelope=_envelope(advice, number, made_at),
    )


def _entities(paid: PaidPayment) -> tuple[RemittanceEntity, ...]:
    documents = tuple(
        ReferredDocument(kind="IV", number=invoice.number, paid=invoice.amount)
        for invoice in paid.invoices
    )
    return (RemittanceEntity(documents=documents),) if documents else ()


def _payer(advice: PayeeAdvice) -> RemittanceParty:
    told = advice.payer_address
    name, *further = _parts(advice.payer_name, _NAME)
    street = f"{told.street} {told.building}".strip()
    return RemittanceParty(
        role="PR",
        name=name,
        further_names=tuple(further),
        id_kind="92",  # As the sender himself calls it.
        id=advice.payer_code,
        address=tuple(_parts(street, _STREET)),
        town=told.town,
        post_code=told.post_code,
        country=told.country,
    )


def _payee(advice: PayeeAdvice) -> RemittanceParty:
    name, *further = _parts(advice.payee_name, _NAME)
    number = advice.payee_number
    return RemittanceParty(
        role="PE",
        name=name,
        further_names=tuple(further),
        id_kind="92" if number else "",
        id=number,
    )


def _envelope(advice: PayeeAdvice, number: str, made_at: datetime) -> RemittanceEnvelope:
    """Who sends it to whom, as far as fifteen letters tell: the ends of the numbers in the ERP."""
    sender, receiver = advice.payer_code[-_ID:], advice.payee_number[-_ID:] or "PAYEE"
    when = made_at.replace(second=0, microsecond=0, tzinfo=None)
    group = (("GS01", "RA"), ("GS04", f"{when:%Y%m%d}"), ("GS05", f"{when:%H%M}"), ("GS07", "X"))
    return RemittanceEnvelope(
        sender=sender,
        receiver=receiver,
        group_sender=sender,
        group_receiver=receiver,
        created_at=when,
        interchange_number=number,
        group_number=number,
        version=_VERSION,
        codes=(*_HEADER, ("ISA14", "0"), *group),
    )


def _parts(text: str, length: int) -> list[str]:
    """A text in pieces that fit, none of them empty and none that begins or ends with a space."""
    spaced = " ".join(text.split())
    parts = []
    while spaced:
        cut = spaced.rfind(" ", 0, length + 1) if len(spaced) > length else len(spaced)
        cut = cut if cut > 0 else length
        parts.append(spaced[:cut].strip())
        spaced = spaced[cut:].strip()
    return parts
