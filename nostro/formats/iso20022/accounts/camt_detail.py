"""One payment inside an entry (TxDtls) of a bank statement message, and what entries share with it.

ISO 20022 camt.052/.053/.054, EntryTransaction. The entry's amount is the truth about the account;
what a detail says of amounts is kept beside it and never instead of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from nostro.domain.errors import Invalid
from nostro.domain.money import Money
from nostro.domain.remittance import ReferredDocument
from nostro.domain.statement import Charge, CurrencyExchange, TransactionDetail
from nostro.formats.iso20022.accounts.camt_fields import CONVERTED
from nostro.formats.iso20022.accounts.camt_parties import (
    ADDRESS,
    COUNTERPARTY,
    OTHER,
    SLOTS,
    counterparty,
    described,
    kept,
)
from nostro.formats.iso20022.accounts.camt_values import Noticed, amount, day_of, sign_of
from nostro.formats.iso20022.xml.shapes import Record

Codes = list[tuple[str, str]]
SEPA_CREDITOR = "SEPA"
_INCLUDED = {"true": True, "1": True, "false": False, "0": False}
# Amount types of version 12 and later (ExternalDocumentAmountType1Code) by our fields.
_TYPED = {"DUPA": "due", "RMTD": "paid", "DISC": "discount"}
_AMOUNTS = ("due", "paid", "discount", "adjustment")


def bank_code(record: Record) -> str:
    """ "PMNT/RCDT/ESCT": domain, family and sub-family, as far as they are there."""
    get = record.texts.get
    domain = get("domain")
    if not domain:
        return ""
    return joined_code(domain, get("family", ""), get("subfamily", ""))


def joined_code(domain: str, family: str, subfamily: str) -> str:
    return "/".join(filter(None, (domain, family, subfamily)))


def detail(
    record: Record, sign: int, currency: str, own: str, noticed: Noticed
) -> TransactionDetail:
    """A detail of an entry with that sign and currency, on our account `own`."""
    get = record.texts.get
    codes = record.rest
    if get("direction"):
        sign = _own_sign(record, sign, codes, noticed)
    told: dict[str, Any] = {**record.plain}
    _set_bank_code(record, told)
    if get("cdtr_private") and (told.get("mandate_id") or get("cdtr_scheme") == SEPA_CREDITOR):
        told["creditor_id"] = record.texts.pop("cdtr_private")
    _set_counterparty(record, sign, own, told, codes)
    remittance = record.parts.get("remittance", ())
    reference = ""
    documents: tuple[ReferredDocument, ...] = ()
    if structured := record.inner.get("structured"):
        reference, documents, further = _structured(structured, codes, noticed)
        remittance = (*remittance, *further)
    if "conversion" in record.groups:
        exchange, instructed, counter = conversion(record, codes, noticed)
        told.update(exchange=exchange, instructed=instructed, counter_value=counter)
    if record.inner.get("charges"):
        told["charges"] = charges(record, codes, noticed)
    if returned := record.parts.get("return_text"):
        told["return_text"] = " ".join(returned)
    return TransactionDetail(
        amount=_amount(record, sign, currency, codes, noticed),
        remittance=tuple(remittance),
        creditor_reference=reference,
        documents=documents,
        codes=tuple(codes),
        location=record.location(),
        **told,
    )


def _set_bank_code(record: Record, told: dict[str, Any]) -> None:
    if "bank" in record.groups:
        told["transaction_code"] = bank_code(record)
        told["proprietary_code"] = record.texts.get("proprietary", "")
        if issuer := record.texts.get("issuer"):
            record.rest.append(("BkTxCd/Prtry/Issr", issuer))


def _set_counterparty(
    record: Record, sign: int, own: str, told: dict[str, Any], codes: Codes
) -> None:
    """Fill in the other side, and keep what is said of the side that is not it."""
    groups = record.groups
    if "Dbtr" not in groups and "Cdtr" not in groups:
        return
    get = record.texts.get
    facts = {side: tuple(get(slot, "") for slot in slots) for side, slots in SLOTS.items()}
    side = counterparty(sign, own, facts)
    other = OTHER[side]
    codes += kept(other, facts[other], record.parts.get(ADDRESS[other], ()), own)
    told.update(zip(COUNTERPARTY, described(facts[side]), strict=True))
    if lines := record.parts.get(ADDRESS[side]):
        told["counterparty_address"] = tuple(lines)


def _own_sign(record: Record, sign: int, codes: Codes, noticed: Noticed) -> int:
    """A detail's own direction where it gives one that is known, else the entry's."""
    try:
        return sign_of(record)
    except Invalid as error:
        codes.append(("CdtDbtInd", record.get("direction")))
        can_do = "Check it against the bank's own statement."
        noticed.warn(record, error.code, "has an unknown direction; the entry's was taken.", can_do)
        return sign


def told_amount(
    record: Record, slot: str, name: str, codes: Codes, noticed: Noticed
) -> Money | None:
    """An amount beside the entry's own; one that cannot be read is kept as text, with a warning."""
    if not record.get(slot):
        return None
    try:
        return amount(record, slot)
    except Invalid as error:
        written = f"{record.get(slot)} {record.get(f'{slot}@')}".strip()
        codes.append((name, written))
        noticed.warn(
            record,
            "detail_amount_unreadable",
            f"has an amount beside the entry's that cannot be read ({written[:40]!r}).",
            f"Nothing, if the entry's amount is right: that one counts. {error.happened}"[:300],
        )
        return None


def _amount(
    record: Record, sign: int, currency: str, codes: Codes, noticed: Noticed
) -> Money | None:
    """The item's own amount, never the entry's total repeated: None when the bank gives none.

    Version 02 has no Amt here but AmtDtls; there an amount counts only in the account's currency,
    since anything else was converted on the way.
    """
    get = record.texts.get
    found = None
    if get("amount"):
        found = told_amount(record, "amount", "Amt", codes, noticed)
    elif "conversion" in record.groups:
        for slot in ("transaction_amount", "instructed_amount"):
            if get(slot) and get(slot + "@") == currency:
                found = told_amount(record, slot, "AmtDtls", codes, noticed)
                break
    return found if found is None or sign > 0 else Money(-found.minor, found.currency)


def conversion(
    record: Record, codes: Codes, noticed: Noticed
) -> tuple[CurrencyExchange | None, Money | None, Money | None]:
    """How the amount was converted, the amount instructed, and its counter value (AmtDtls)."""
    get = record.texts.get
    exchange: CurrencyExchange | None = None
    for kind, slot in CONVERTED:
        if get(f"{slot}_rate") or get(f"{slot}_source"):
            told = CurrencyExchange(
                source=get(f"{slot}_source", ""),
                target=get(f"{slot}_target", ""),
                unit=get(f"{slot}_unit", ""),
                rate=get(f"{slot}_rate", ""),
                contract=get(f"{slot}_contract", ""),
                day=get(f"{slot}_quoted", ""),
            )
            if exchange is None:
                exchange = told
            elif told != exchange:
                codes.append((f"AmtDtls/{kind}/CcyXchg/XchgRate", told.rate))
    if not get("instructed_amount") and not get("counter_amount"):
        return exchange, None, None
    return (
        exchange,
        told_amount(record, "instructed_amount", "AmtDtls/InstdAmt/Amt", codes, noticed),
        told_amount(record, "counter_amount", "AmtDtls/CntrValAmt/Amt", codes, noticed),
    )


def charges(record: Record, codes: Codes, noticed: Noticed) -> tuple[Charge, ...]:
    """Charges of an entry or a detail: one an element until version 02, a list inside since."""
    found: list[Charge] = []
    for group in record.inner.get("charges", ()):
        _keep(group, "Chrgs", codes)
        for one in (group, *group.inner.get("charge", ())):
            if one is not group:
                _keep(one, "Chrgs/Rcrd", codes)
            money = told_amount(one, "amount", "Chrgs/Amt", codes, noticed)
            if money is None:
                codes.extend((f"Chrgs/{slot}", text) for slot, text in one.texts.items() if text)
                continue
            taken = one.get("direction") != "CRDT"
            found.append(
                Charge(
                    amount=-money if taken else money,
                    included=_INCLUDED.get(one.get("included").lower()),
                    bearer=one.get("bearer"),
                    kind=one.get("kind"),
                )
            )
    return tuple(found)


def _keep(record: Record, path: str, codes: Codes) -> None:
    codes.extend((f"{path}/{below}", text) for below, text in record.rest)


def _structured(
    groups: Iterable[Record], codes: Codes, noticed: Noticed
) -> tuple[str, tuple[ReferredDocument, ...], list[str]]:
    """The creditor's reference, the documents, and texts beside them (RmtInf/Strd).

    A second reference, and texts of a group without a document, go on as remittance text.
    """
    references: list[str] = []
    documents: list[ReferredDocument] = []
    further: list[str] = []
    for group in groups:
        _keep(group, "RmtInf/Strd", codes)
        if reference := group.get("reference"):
            references.append(reference)
        found = group.inner.get("document", ())
        if not found and any(group.get(slot) for slot in _AMOUNTS):
            found = [msgspec.structs.replace(group, texts={}, parts={}, rest=[])]
        documents += _documents(group, found, codes, noticed)
        if not found:
            further += group.all("texts")
    return next(iter(references), ""), tuple(documents), references[1:] + further


def _documents(
    group: Record, found: Iterable[Record], codes: Codes, noticed: Noticed
) -> list[ReferredDocument]:
    """The documents of one group. Its amounts are of the group: they stand with the first."""
    documents = []
    amounts: dict[str, Any] = _document_amounts(group, codes, noticed)
    text = " ".join(group.all("texts"))
    reason = group.get("adjustment_reason") or group.get("adjustment_text")
    for record in found:
        _keep(record, "RmtInf/Strd/RfrdDocInf", codes)
        dated = record if record.get("day") else group
        documents.append(
            ReferredDocument(
                number=record.get("number"),
                kind=record.get("kind"),
                day=day_of(noticed, dated, "day", "document date"),
                text=text,
                adjustment_reason=reason,
                location=record.location(),
                **amounts,
            )
        )
        amounts, text, reason = {}, "", ""
    return documents


def _document_amounts(group: Record, codes: Codes, noticed: Noticed) -> dict[str, Money | None]:
    amounts = {
        slot: told_amount(group, slot, f"RmtInf/Strd/RfrdDocAmt/{slot}", codes, noticed)
        for slot in _AMOUNTS
    }
    adjusted = amounts["adjustment"]
    if adjusted is not None and group.get("adjustment_direction") == "DBIT":
        amounts["adjustment"] = -adjusted
    for typed in group.inner.get("typed_amount", ()):
        slot = _TYPED.get(typed.get("kind"), "")
        if slot and amounts[slot] is None:
            amounts[slot] = told_amount(typed, "amount", "RfrdDocAmt", codes, noticed)
        else:
            told = f"{typed.get('amount')} {typed.get('amount@')}".strip()
            codes.append((f"RmtInf/Strd/RfrdDocAmt/{typed.get('kind')}", told))
    return amounts
