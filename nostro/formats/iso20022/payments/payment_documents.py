"""Invoices and credit notes in a payment file that we write (RmtInf/Strd)."""

from __future__ import annotations

from nostro.domain.money import Money
from nostro.domain.remittance import ReferredDocument
from nostro.formats.iso20022.payments.payment_parts import CODE
from nostro.formats.iso20022.payments.payment_texts import Texts, refuse


class Room:
    """How a version of the message calls amounts and dates of documents."""

    def __init__(self, *, amounts: bool, typed_discount: bool, typed_day: bool) -> None:
        self.amounts = amounts
        self.typed_discount = typed_discount
        self.typed_day = typed_day


def parts_of(document: ReferredDocument, texts: Texts, room: Room, where: str) -> tuple[str, str]:
    """What stands before the creditor reference, and after it."""
    for name in ("adjustments", "references", "dates", "notes", "codes"):
        if getattr(document, name):
            raise _nowhere(texts, f"the {name} of a document", where)
    number = texts.text(document.number, 35, "a document's number", where)
    kind = ""
    if document.kind:
        if not CODE.match(document.kind):
            raise _nowhere(texts, f"a document of kind {document.kind[:20]!r}", where)
        kind = f"<Tp><CdOrPrtry><Cd>{document.kind}</Cd></CdOrPrtry></Tp>"
    day = ""
    if document.day:
        if room.typed_day:
            raise _nowhere(texts, "a document's date without its meaning", where)
        day = f"<RltdDt>{document.day.isoformat()}</RltdDt>"
    before = f"<RfrdDocInf>{kind}<Nb>{number}</Nb>{day}</RfrdDocInf>"
    before += _amounts(document, texts, room, where)
    return before, texts.maybe("AddtlRmtInf", document.text, 140, "a document's text", where)


def _amounts(document: ReferredDocument, texts: Texts, room: Room, where: str) -> str:
    amounts = (document.due, document.paid, document.discount, document.adjustment)
    if document.adjustment_reason and document.adjustment is None:
        raise _nowhere(texts, "a document's reason without an amount", where)
    if all(amount is None for amount in amounts):
        return ""
    if not room.amounts:
        raise _nowhere(texts, "a document's amounts as we know them", where)
    made = _amount("DuePyblAmt", document.due, where)
    discount = _amount("Amt" if room.typed_discount else "DscntApldAmt", document.discount, where)
    wrapped = room.typed_discount and discount
    made += f"<DscntApldAmt>{discount}</DscntApldAmt>" if wrapped else discount
    if document.adjustment is not None:
        reason = texts.maybe("Rsn", document.adjustment_reason, 16, "a document's reason", where)
        adjusted = _amount("Amt", document.adjustment, where)
        made += f"<AdjstmntAmtAndRsn>{adjusted}{reason}</AdjstmntAmtAndRsn>"
    made += _amount("RmtdAmt", document.paid, where)
    return f"<RfrdDocAmt>{made}</RfrdDocAmt>"


def _amount(tag: str, money: Money | None, where: str) -> str:
    """An amount of a document may be nothing, but XML has no place for a sign."""
    if money is None:
        return ""
    if money.minor < 0:
        happened = f"A document's amount is negative ({money})."
        can_do = "Write it as a credit note of its own, or leave the amount out."
        raise refuse("document_amount_negative", happened, can_do, where)
    return f'<{tag} Ccy="{money.currency}">{money.number()}</{tag}>'


def _nowhere(texts: Texts, what: str, where: str) -> Exception:
    happened = f"{texts.version} has no place for {what}."
    can_do = "Leave it out, or choose another version."
    return refuse("not_in_version", happened, can_do, where, "documents")
