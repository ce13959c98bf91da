"""One booking (Ntry) of a bank statement message.

ISO 20022 camt.052/.053/.054, ReportEntry. What cannot be booked for sure becomes an error with the
entry's own text, and the entries around it are read.
"""

from __future__ import annotations

from typing import Any

from nostro.domain.errors import Invalid
from nostro.domain.money import Money
from nostro.domain.statement import (
    AvailableOn,
    CurrencyExchange,
    Entry,
    EntryStatus,
    TransactionDetail,
)
from nostro.formats.iso20022.accounts.camt_detail import (
    bank_code,
    charges,
    conversion,
    detail,
    told_amount,
)
from nostro.formats.iso20022.accounts.camt_values import (
    IF_IT_CLOSES,
    Noticed,
    count_of,
    day_of,
    flag,
    own_amount,
    sign_of,
)
from nostro.formats.iso20022.xml.shapes import Record

# What every entry has a word for, with nothing in it.
_NOTHING_TOLD = {
    "bank_reference": "",
    "entry_reference": "",
    "transaction_code": "",
    "proprietary_code": "",
    "text": "",
}


def entry_sign(record: Record, *, flips: bool) -> int:
    """The direction of the booking. `flips`: this bank marks reversals by RvslInd alone."""
    sign = sign_of(record)
    return -sign if flips and record.get("reversal").lower() in ("true", "1") else sign


def entry(record: Record, own: str, noticed: Noticed, *, flips: bool) -> Entry:
    """The entry of a record whose details are in it, made or not. Raises Invalid."""
    get = record.texts.get
    sign = entry_sign(record, flips=flips)
    written = own_amount(record, noticed)
    if written.minor < 0:
        happened = "has a negative amount and a direction; both were applied."
        noticed.warn(record, "amount_negative", happened, IF_IT_CLOSES)
    money = written if sign > 0 else Money(-written.minor, written.currency)
    codes = record.rest
    exchange = instructed = None
    if "conversion" in record.groups:
        exchange, instructed = _converted(record, noticed)
    told = _told(record, noticed)
    made = Entry(
        amount=money,
        status=get("status") or _no_status(record, noticed),
        booked=day_of(noticed, record, "booked", "booking date"),
        value=day_of(noticed, record, "value", "value date"),
        reversal=flag(noticed, record, "reversal", "reversal mark") if get("reversal") else False,
        details=tuple(
            one
            if isinstance(one, TransactionDetail)
            else detail(one, sign, money.currency, own, noticed)
            for one in record.inner.get("transaction", ())
        ),
        location=record.location(),
        instructed=instructed,
        exchange=exchange,
        codes=tuple(codes),
        **told,
    )
    if made.details:
        _check_sum(record, made, noticed)
    return made


def _told(record: Record, noticed: Noticed) -> dict[str, Any]:
    """The fields of an entry that many have nothing for."""
    told: dict[str, Any] = {**_NOTHING_TOLD, **record.plain}
    codes = record.rest
    if "bank" in record.groups:
        told["transaction_code"] = bank_code(record)
        told["proprietary_code"] = record.get("proprietary")
        told["proprietary_issuer"] = record.get("issuer")
    if record.get("batch_count"):
        told["batch_count"] = _batch_count(record, codes)
    if record.inner.get("available"):
        told["available"] = availability(record, codes, noticed)
    if record.inner.get("charges"):
        told["charges"] = charges(record, codes, noticed)
    return told


def _converted(record: Record, noticed: Noticed) -> tuple[CurrencyExchange | None, Money | None]:
    exchange, instructed, counter = conversion(record, record.rest, noticed)
    if counter is not None:
        record.rest.append(("AmtDtls/CntrValAmt/Amt", str(counter)))
    if told := record.get("transaction_amount"):
        record.rest.append(("AmtDtls/TxAmt/Amt", f"{told} {record.get('transaction_amount@')}"))
    return exchange, instructed


def _no_status(record: Record, noticed: Noticed) -> str:
    # These messages list booked entries unless they say otherwise; some banks leave it out.
    noticed.warn(record, "status_missing", "has no status; it was read as booked.", IF_IT_CLOSES)
    return EntryStatus.BOOK


def _batch_count(record: Record, codes: list[tuple[str, str]]) -> int:
    text = record.get("batch_count")
    count = count_of(text)
    if count is None:
        codes.append(("NtryDtls/Btch/NbOfTxs", text))
    return count or 0


def availability(
    record: Record, codes: list[tuple[str, str]], noticed: Noticed
) -> tuple[AvailableOn, ...]:
    """From when on which part of an amount can be used (Avlbty)."""
    found = []
    for one in record.inner.get("available", ()):
        codes.extend((f"Avlbty/{path}", text) for path, text in one.rest)
        money = told_amount(one, "amount", "Avlbty/Amt", codes, noticed)
        if money is not None:
            debit = one.get("direction") == "DBIT"
            found.append(
                AvailableOn(
                    amount=-money if debit else money,
                    day=day_of(noticed, one, "day", "day of availability"),
                    days=count_of(one.get("days")),
                )
            )
    return tuple(found)


def _check_sum(record: Record, made: Entry, noticed: Noticed) -> None:
    """Details that all give their amount should add up to their entry; the entry's counts."""
    details = made.details
    total = 0
    for one in details:
        if one.amount is None or one.amount.currency != made.amount.currency:
            return
        total += one.amount.minor
    if total == made.amount.minor:
        return
    currency = made.amount.currency
    difference = Money(made.amount.minor - total, currency)
    taken = [*made.charges, *(charge for one in details for charge in one.charges)]
    charged = sum(c.amount.minor for c in taken if c.amount.currency == currency)
    if taken and abs(charged) == abs(difference.minor):
        why = "its charges explain it"
    elif taken:
        why = f"its charges ({Money(charged, currency)}) do not explain it"
    else:
        why = "it names no charges"
    noticed.warn(
        record,
        "details_do_not_add_up",
        f"is {made.amount}, its details add up to {Money(total, currency)}: a difference of"
        f" {difference}, and {why}.",
        "Nothing for the account: the entry's amount is what was booked.",
    )


def eager_detail(
    record: Record, own: str, noticed: Noticed, *, flips: bool
) -> TransactionDetail | Record:
    """A detail as soon as its entry's sign and currency are known; else the record, to wait.

    Entries of a hundred thousand details exist: what is finished is smaller than what is not.
    """
    around = record.parent
    if around is None or not around.get("amount@") or not around.get("direction"):
        return record
    if flips and not around.get("reversal"):
        return record
    try:
        sign = entry_sign(around, flips=flips)
    except Invalid:
        return record
    return detail(record, sign, around.get("amount@"), own, noticed)
