"""What a target format asks for and the file converted does not say: made here, and told.

A list has no statement id, a camt.053 names no sender of a BAI2 file: what is made up here is told
on stderr, line by line. Amounts, accounts and balances are never made up.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any

from msgspec.structs import replace

from nostro.domain.statement import AvailableOn, Entry, EntryStatus, Statement, TransactionDetail
from nostro.formats import Format
from nostro.formats.letters import in_letters

_US = "NOSTRO"
_CLOSING = ("CLBD", "ITBD")
# ISO 20022 Max35Text and Max140Text.
_ID_MAX, _TEXT_MAX = 35, 140
_IDS = (
    "bank_reference",
    "clearing_reference",
    "creditor_id",
    "creditor_reference",
    "end_to_end_id",
    "instruction_id",
    "mandate_id",
    "message_id",
    "payment_information_id",
    "transaction_id",
)


def complete(found: Sequence[Any], form: Format) -> list[Any]:
    """The documents with whatever the format demands; what was made up goes to stderr."""
    now = datetime.now(UTC).replace(microsecond=0)
    told: Counter[str] = Counter()
    made = []
    for number, document in enumerate(found, 1):
        if isinstance(document, Statement):
            document = _named(document, number, now, form)
            document = _FITS.get(form.name, _as_it_is)(document, told)
        made.append(document)
    for sentence, count in told.items():
        print(f"{sentence} ({count:,})", file=sys.stderr)
    return made


def choices(found: Sequence[Any], form: Format) -> dict[str, str]:
    """Options that the format needs and that nobody has given: who sends a BAI2 file to whom."""
    if form.name != "bai2" or not found or "sender" in dict(found[0].codes):
        return {}
    sender = found[0].bank_bic or found[0].bank_code or _US
    print(f"bai2 names who sends it to whom: {sender} to {_US} was taken.", file=sys.stderr)
    return {"sender": sender, "receiver": _US}


def _named(document: Statement, number: int, now: datetime, form: Format) -> Statement:
    """Lists have no statement id and no time of making; messages need both."""
    if document.statement_id:
        return document
    missing: dict[str, Any] = {"statement_id": f"{now:%Y%m%d}{number:04d}"}
    if document.created_at is None and "xml" in form.media_type:
        missing["created_at"] = now
    names = " and ".join(missing)
    print(f"Statement {number} has no {names}: made for {form.name}.", file=sys.stderr)
    return replace(document, **missing)


def _as_it_is(document: Statement, told: Counter[str]) -> Statement:
    return document


def _last_day(document: Statement) -> date | None:
    days = [one.day for one in document.balances if one.code in _CLOSING]
    made = document.created_at.date() if document.created_at else None
    return max(days or [one.day for one in document.balances], default=made)


def _for_bai2(document: Statement, told: Counter[str]) -> Statement:
    """BAI2 says of which day a group is: that of the closing balance, or of the last booking."""
    if document.to_day or document.from_day or "as_of_date" in dict(document.codes):
        return document
    days = [day for one in document.entries if (day := one.booked or one.value)]
    day = _last_day(document) or max(days, default=None)
    if day is not None:
        told["Statements without a last day: that of the closing balance was taken"] += 1
    return replace(document, to_day=day)


def _for_mt940(document: Statement, told: Counter[str]) -> Statement:
    """MT940 must have a value date: that of the closing balance for a booking without days."""
    booked = tuple(one for one in document.entries if one.status == EntryStatus.BOOK)
    if len(booked) < len(document.entries):
        told["Entries that are not booked: left out"] += len(document.entries) - len(booked)
        document = replace(document, entries=booked)
    day = _last_day(document)
    if all(one.value or one.booked for one in document.entries):
        return document
    sentence = "Bookings without days: that of the closing balance was taken as value date"
    told[sentence] += sum(not (one.value or one.booked) for one in document.entries)
    entries = (
        one if one.value or one.booked else replace(one, value=day) for one in document.entries
    )
    return replace(document, entries=tuple(entries))


def _for_camt(document: Statement, told: Counter[str]) -> Statement:
    """A page is the last one unless somebody says otherwise: camt.053 must say."""
    if document.page is not None and document.last_page is None:
        told["Pages that do not say whether they are the last one: written as such"] += 1
        document = replace(document, last_page=True)
    document = in_letters(document, str.strip)  # XML keeps no blanks at the ends.
    balances = tuple(
        replace(one, available=_without_times(one.available)) for one in document.balances
    )
    entries = tuple(_camt_entries(document.entries, told))
    return replace(document, balances=balances, entries=entries)


def _without_times(available: Sequence[AvailableOn]) -> tuple[AvailableOn, ...]:
    """Availability is by the day in camt.053."""
    return tuple(replace(one, time="") if one.time else one for one in available)


def _camt_entries(entries: Sequence[Entry], told: Counter[str]) -> Iterator[Entry]:
    """Where camt.053 has the reference of :61:, and no issuer of a code that is not there."""
    for one in entries:
        if one.proprietary_issuer and not one.proprietary_code:
            told["Issuers of a booking code that is not there: left out"] += 1
            one = replace(one, proprietary_issuer="")
        if one.customer_reference and len(one.details) < 2:
            detail = one.details[0] if one.details else TransactionDetail(amount=one.amount)
            if not detail.instruction_id and len(one.customer_reference) <= _ID_MAX:
                told["Customer references (customer_reference): written as InstrId"] += 1
                detail = replace(detail, instruction_id=one.customer_reference)
                one = replace(one, details=(detail,), customer_reference="")
        if one.available:
            one = replace(one, available=_without_times(one.available))
        if one.details:
            details = tuple(_camt_detail(detail, told) for detail in one.details)
            one = replace(one, details=details)
        yield one


def _camt_detail(detail: TransactionDetail, told: Counter[str]) -> TransactionDetail:
    """Ids of at most 35 characters, remittance in texts of at most 140."""
    long = [name for name in _IDS if len(getattr(detail, name)) > _ID_MAX]
    if long:
        told[f"Ids longer than {_ID_MAX} characters: left out"] += len(long)
        detail = replace(detail, **dict.fromkeys(long, ""))
    if any(len(text) > _TEXT_MAX for text in detail.remittance):
        told[f"Remittance longer than {_TEXT_MAX} characters: told in several texts"] += 1
        pieces = (
            text[at : at + _TEXT_MAX].strip()
            for text in detail.remittance
            for at in range(0, len(text), _TEXT_MAX)
        )
        detail = replace(detail, remittance=tuple(filter(None, pieces)))
    return detail


_FITS = {"bai2": _for_bai2, "camt_053": _for_camt, "mt940": _for_mt940}
