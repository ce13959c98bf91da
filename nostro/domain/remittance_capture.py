"""Finds what payers tell in the records of any file: statements, advices, payments, lockboxes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Final

from msgspec.structs import replace

from nostro.domain.lockbox import LockboxDeposit, LockboxItem
from nostro.domain.money import Money
from nostro.domain.payment_file import Method, Payment, PaymentBatchHeader
from nostro.domain.remittance import Adjustment, ReferredDocument, RemittanceAdvice
from nostro.domain.statement import Entry, TransactionDetail
from nostro.domain.told_remittance import Deduction, LineKind, Remittance, RemittanceLine

# ISO 20022 DocumentType and X12 128. Other codes (orders, bills of lading) are no debts.
_KINDS: Final[Mapping[str, LineKind]] = {
    **dict.fromkeys(("CINV", "MSIN", "SBIN", "HIRI", "IV", "OI"), LineKind.INVOICE),
    **dict.fromkeys(("CREN", "CNFA", "CM", "CN"), LineKind.CREDIT),
}
_NO_REFERENCE: Final = ("", "NOTPROVIDED", "NONREF")
_CHECK: Final = "CK"  # X12 128: the number of the check.


def captured(records: Iterable[object], source: str) -> Iterator[Remittance]:
    """One remittance for each payment that says what it is for; `source` is the file's format.

    A bank's line counts when money came in. What a payment says nothing about is left out.
    """
    deposited: date | None = None
    batch: PaymentBatchHeader | None = None
    for record in records:
        if isinstance(record, LockboxDeposit):
            deposited = record.deposited
        elif isinstance(record, PaymentBatchHeader):
            batch = record
        elif isinstance(record, RemittanceAdvice):
            yield _of_advice(record, source)
        else:
            for told in _of_record(record, source, deposited, batch):
                if told.tells_something:
                    yield told


def _of_record(
    record: object, source: str, deposited: date | None, batch: PaymentBatchHeader | None
) -> Iterator[Remittance]:
    if isinstance(record, Entry) and not record.reversal:
        for detail in record.details:
            yield from _of_detail(record, detail, source)
    elif isinstance(record, LockboxItem):
        yield _of_item(record, source, deposited)
    elif isinstance(record, Payment) and batch is not None:
        yield _of_payment(record, batch, source)


def _of_advice(advice: RemittanceAdvice, source: str) -> Remittance:
    payer = advice.party("PR")
    loose = [one for entity in advice.entities for one in entity.adjustments]
    debit = ("The advice takes money back: its direction is D.",) if advice.direction == "D" else ()
    told = Remittance(
        source=source,
        payer=payer.name if payer else "",
        trace=advice.trace,
        check_number=next((text for kind, text in advice.references if kind == _CHECK), ""),
        day=advice.effective,
        currency=advice.currency,
        total=advice.amount,
        lines=(*map(_line, advice.documents), *map(_adjustment_line, loose)),
        texts=tuple(text for _, text in advice.notes),
        not_understood=debit,
        location=advice.location,
    )
    return _weighed(told)


def _of_detail(entry: Entry, detail: TransactionDetail, source: str) -> Iterator[Remittance]:
    alone = len(entry.details) == 1
    total = entry.amount if detail.amount is None and alone else detail.amount
    if (total or entry.amount).minor <= 0:
        return
    yield _weighed(
        Remittance(
            source=source,
            payer=detail.counterparty_name,
            reference="" if detail.end_to_end_id in _NO_REFERENCE else detail.end_to_end_id,
            trace=detail.clearing_reference,
            check_number=detail.check_number,
            creditor_reference=detail.creditor_reference,
            day=entry.booked or entry.value,
            currency=(total or entry.amount).currency,
            total=total,
            lines=tuple(map(_line, detail.documents)),
            texts=detail.remittance,
            location=entry.location,
        )
    )


def _of_payment(payment: Payment, batch: PaymentBatchHeader, source: str) -> Remittance:
    collected = (payment.method or batch.method) is Method.DIRECT_DEBIT
    return _weighed(
        Remittance(
            source=source,
            payer=(payment.counterparty if collected else batch.own).name,
            reference="" if payment.end_to_end_id in _NO_REFERENCE else payment.end_to_end_id,
            trace=payment.rail_reference,
            check_number=payment.check_number,
            creditor_reference=payment.creditor_reference,
            day=batch.requested_date,
            currency=payment.amount.currency,
            total=payment.amount,
            lines=tuple(map(_line, payment.documents)),
            texts=payment.remittance,
            location=payment.location,
        )
    )


def _of_item(item: LockboxItem, source: str, deposited: date | None) -> Remittance:
    return _weighed(
        Remittance(
            source=source,
            payer=item.remitter,
            check_number=item.check_number,
            day=deposited,
            currency=item.amount.currency,
            total=item.amount,
            lines=tuple(map(_line, item.documents)),
            location=item.location,
        )
    )


def _line(document: ReferredDocument) -> RemittanceLine:
    kind = _KINDS.get(document.kind, LineKind.UNKNOWN)
    net = document.paid
    if net is not None and kind is LineKind.CREDIT:  # Payers give it with either sign.
        net = Money(-abs(net.minor), net.currency)
    deductions = tuple(map(_deduction, document.adjustments))
    if document.adjustment is not None:
        own = Deduction(amount=document.adjustment, reason=document.adjustment_reason)
        deductions = (own, *deductions)
    return RemittanceLine(
        document=document.number,
        kind=kind,
        gross=document.due,
        discount=document.discount,
        deductions=deductions,
        net=net,
        location=document.location,
    )


def _deduction(told: Adjustment) -> Deduction:
    return Deduction(amount=told.amount, reason=told.reason, reference=told.reference)


def _adjustment_line(told: Adjustment) -> RemittanceLine:
    return RemittanceLine(
        document=told.reference,
        kind=LineKind.ADJUSTMENT,
        deductions=(_deduction(told),),
        net=told.amount,
        location=told.location,
    )


def _weighed(told: Remittance) -> Remittance:
    """With whether the lines make up the total, and what a person should look at."""
    doubts = [
        f"Line {number} ({line.document or 'no number'}) is not told to be an invoice or a credit."
        for number, line in enumerate(told.lines, 1)
        if line.kind is LineKind.UNKNOWN
    ]
    agrees = _agrees(told.total, told.lines)
    if agrees is False:
        doubts.append(f"The lines do not make up the total of {told.total}.")
    elif agrees is None and told.lines:
        doubts.append("Not every amount is told: the total cannot be checked.")
    return replace(told, agrees=agrees, not_understood=(*told.not_understood, *doubts))


def _agrees(total: Money | None, lines: Sequence[RemittanceLine]) -> bool | None:
    nets = [line.net for line in lines if line.net is not None]
    if total is None or not lines or len(nets) < len(lines):
        return None
    if any(net.currency != total.currency for net in nets):
        return None  # Nobody told the rate.
    return sum(net.minor for net in nets) == total.minor
