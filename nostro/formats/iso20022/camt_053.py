"""Bank statements of the day before: camt.053 of any version, as banks really send it.

ISO 20022 camt.053.001.01 to .14 (BankToCustomerStatement). What the schema forbids but real banks
send is read, with a Problem that says where; what would make an amount uncertain is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime
from typing import BinaryIO, NamedTuple

from nostro.domain.errors import Invalid
from nostro.domain.identifier import compact
from nostro.domain.money import Money
from nostro.domain.problem import Problem, Severity
from nostro.domain.statement import (
    Balance,
    Entry,
    EntryStatus,
    ReportKind,
    Statement,
    TransactionDetail,
    take_apart,
)
from nostro.formats import Format, Profile
from nostro.formats.iso20022.camt_fields import (
    BALANCE_FIELDS,
    ENTRY_FIELDS,
    STATEMENT_FIELDS,
    TRANSACTION_FIELDS,
)
from nostro.formats.iso20022.messages import Record, Shape, declared, identifies, records

_KEPT = "The original is kept; nothing was booked from it."
_ZONE = re.compile(r"(Z|[+-]\d\d:\d\d)?\Z")
_SIGN = {"CRDT": 1, "DBIT": -1}
_TRUE, _FALSE = {"true", "1"}, {"false", "0", ""}
_TRUE_TOLERATED = {"yes", "y"}
_OPENING = {"OPBD", "PRCD", "OPAV"}
_IF_IT_CLOSES = "Trust it only if the statement closes."


class _Untold(NamedTuple):
    """A balance whose day the bank left out, until the statement's own dates are known."""

    record: Record
    amount: Money


def _warn(record: Record, code: str, happened: str, can_do: str) -> None:
    """Attach a warning about the record to the statement around it; `happened` starts in "has"."""
    statement = record
    while statement.parent is not None and statement.parent.parent is not None:
        statement = statement.parent
    problem = Problem(
        code=code,
        severity=Severity.WARNING,
        sentence=f"{record.words()} {happened}",
        can_do=can_do,
        location=record.location(),
    )
    statement.inner.setdefault("problems", []).append(problem)


def _refuse(record: Record, code: str, happened: str) -> Invalid:
    can_do = "Ask the bank for a corrected statement."
    where = str(record.location())
    return Invalid(code, f"{record.words()} {happened}", _KEPT, can_do, location=where)


def _amount(record: Record, slot: str) -> Money:
    """An amount as written, unsigned as a rule; raises Invalid with the place."""
    text = record.get(slot)
    if not text:
        raise _refuse(record, "amount_missing", "has no amount.")
    try:
        return Money.parse(text, record.get(slot + "@") or _currency_around(record))
    except Invalid as error:
        raise _refuse(record, error.code, f"has a wrong amount. {error.happened}") from None


def _currency_around(record: Record) -> str:
    while record.parent is not None:
        record = record.parent
        if currency := record.get("currency"):
            return currency
    return ""


def _sign(record: Record) -> int:
    """+1 or -1 from CdtDbtInd, which already is the direction of the booking, reversed or not."""
    direction = record.get("direction")
    sign = _SIGN.get(direction)
    if sign is None:
        happened = f"does not say whether it is a credit or a debit ({direction[:10]!r})."
        raise _refuse(record, "direction_missing", happened)
    return sign


def _signed(amount: Money, sign: int) -> Money:
    return amount if sign > 0 else -amount


def _day(record: Record, slot: str, word: str) -> date | None:
    """A date from a date or a date and time; a text that is neither is None with a warning."""
    text = record.get(slot)
    if not text:
        return None
    try:
        day = date.fromisoformat(text[:10])
    except ValueError:
        happened = f"has a {word} that is not a date ({text[:40]!r}); it was left empty."
        _warn(record, "date_unreadable", happened, "Look at the bank's own statement.")
        return None
    rest = text[10:]
    if rest and rest[0] != "T" and not _ZONE.match(rest):
        happened = f"has an oddly written {word} ({text[:40]!r}); it was read as {day}."
        _warn(record, "date_odd", happened, "Nothing, if the day is right.")
    return day


def _detail(record: Record) -> Record:
    # An entry's sign and currency may follow its details, so details are made with their entry.
    return record


def _balance(record: Record) -> Balance | _Untold:
    amount = _amount(record, "amount")
    if record.get("direction"):
        amount = _signed(amount, _sign(record))
    else:
        happened = "does not say credit or debit; it was read as credit."
        _warn(record, "balance_direction_missing", happened, _IF_IT_CLOSES)
    day = _day(record, "day", "day")
    if day is None:
        return _Untold(record, amount)
    return Balance(code=record.get("code"), amount=amount, day=day, location=record.location())


def _reversal(record: Record) -> bool:
    text = record.get("reversal").lower()
    if text not in _TRUE and text not in _FALSE:
        happened = f"has a reversal mark that is not true or false ({text[:10]!r})."
        _warn(record, "boolean_odd", happened, "Check it against the bank's own statement.")
    return text in _TRUE or text in _TRUE_TOLERATED


def _status(record: Record) -> str:
    status = record.get("status")
    if status:
        return status
    # A camt.053 lists booked entries by definition; some banks leave the status out.
    _warn(record, "status_missing", "has no status; it was read as booked.", _IF_IT_CLOSES)
    return EntryStatus.BOOK


def _written(record: Record) -> Money:
    amount = _amount(record, "amount")
    if amount.minor < 0:
        happened = "has a negative amount and a direction; both were applied."
        _warn(record, "amount_negative", happened, _IF_IT_CLOSES)
    return amount


def _count(record: Record) -> int:
    text = record.get("batch_count")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 15 else 0


def _entry(record: Record) -> Entry:
    sign = _sign(record)
    amount = _signed(_written(record), sign)
    own = compact(record.parent.get("account")) if record.parent else ""
    codes = (record.get("domain"), record.get("family"), record.get("subfamily"))
    return Entry(
        amount=amount,
        status=_status(record),
        booked=_day(record, "booked", "booking date"),
        value=_day(record, "value", "value date"),
        bank_reference=record.get("bank_reference"),
        entry_reference=record.get("entry_reference"),
        transaction_code="/".join(code for code in codes if code),
        proprietary_code=record.get("proprietary"),
        reversal=_reversal(record),
        text=record.get("text"),
        details=tuple(
            _transaction(detail, sign, amount.currency, own)
            for detail in record.objects("transaction")
        ),
        location=record.location(),
        payment_information_id=record.get("payment_information_id"),
        message_id=record.get("message_id"),
        batch_count=_count(record),
    )


def _transaction(record: Record, sign: int, currency: str, own: str) -> TransactionDetail:
    if record.get("direction"):
        sign = _sign(record)
    name, account, bic = _counterparty(record, sign, own)
    references = record.all("creditor_references")
    remittance = [*record.all("remittance"), *references[1:]]
    if not remittance and record.get("text"):
        remittance = [record.get("text")]
    return TransactionDetail(
        amount=_detail_amount(record, sign, currency),
        end_to_end_id=record.get("end_to_end_id"),
        uetr=record.get("uetr"),
        instruction_id=record.get("instruction_id"),
        payment_information_id=record.get("payment_information_id"),
        message_id=record.get("message_id"),
        bank_reference=record.get("bank_reference"),
        counterparty_name=name,
        counterparty_iban=account,
        remittance=tuple(remittance),
        creditor_reference=references[0] if references else "",
        return_reason=record.get("return_reason"),
        counterparty_bic=bic,
        location=record.location(),
    )


def _detail_amount(record: Record, sign: int, currency: str) -> Money | None:
    """The item's own amount, never the entry's total repeated: None when the bank gives none.

    Version 02 has no Amt here but AmtDtls; there an amount counts only in the account's currency,
    since anything else was converted on the way.
    """
    if record.get("amount"):
        return _signed(_amount(record, "amount"), sign)
    for slot in ("transaction_amount", "instructed_amount"):
        if record.get(slot) and record.get(slot + "@") == currency:
            return _signed(_amount(record, slot), sign)
    return None


def _counterparty(record: Record, sign: int, own: str) -> tuple[str, str, str]:
    """Name, account and BIC of the other side: the creditor of a debit, the debtor of a credit.

    A returned payment keeps its original roles, so the side that is ourselves, or is not there,
    gives way to the other one.
    """
    side, other = ("dbtr", "cdtr") if sign > 0 else ("cdtr", "dbtr")
    for chosen in (side, other):
        account = compact(record.get(f"{chosen}_account"))
        name = record.get(f"{chosen}_name") or record.get(f"{chosen}_ultimate")
        if (name or account) and not (account and account == own):
            return name, account, record.get(f"{chosen}_bic")
    return "", "", record.get(f"{side}_bic")


def _created(record: Record) -> datetime | None:
    """When the bank made the statement; else its message's time; else None with a problem."""
    text = record.get("created") or (record.parent.get("created") if record.parent else "")
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        happened = (
            f"has a creation time that cannot be read ({text[:40]!r}); it was left empty."
            if text
            else "has no creation time; it was left empty."
        )
        _warn(record, "created_unreadable", happened, "Nothing: the time of receipt is kept.")
        return None


def _sequence(record: Record) -> int | None:
    text = record.get("electronic_sequence") or record.get("legal_sequence")
    if text.isascii() and text.isdigit() and len(text) <= 18:
        return int(text)
    if text:
        happened = f"has a sequence number that is not a number ({text[:40]!r})."
        _warn(record, "sequence_unreadable", happened, "Gaps cannot be noticed by number.")
    return None


def _with_day(untold: _Untold, first: date | None, last: date | None) -> Balance:
    """A balance that the bank gave no day: the statement's first or last day, with a warning."""
    record = untold.record
    code = record.get("code")
    day = (first if code in _OPENING else None) or last
    if day is None:
        raise _refuse(record, "balance_day_missing", "has no day, and nothing around tells it.")
    happened = f"has no day; {day} was taken from the statement."
    _warn(record, "balance_day_missing", happened, "Nothing, if the day is right.")
    return Balance(code=code, amount=untold.amount, day=day, location=record.location())


def _statement(record: Record) -> Statement:
    account = compact(record.get("account"))
    if not account:
        raise _refuse(record, "account_missing", "names no account.")
    created = _created(record)
    first, last = _day(record, "from", "first day"), _day(record, "to", "last day")
    final = last or (created.date() if created else None)
    balances = tuple(
        balance if isinstance(balance, Balance) else _with_day(balance, first, final)
        for balance in record.objects("balance")
    )
    entries: tuple[Entry, ...] = tuple(record.objects("entry"))
    amounts = [*(b.amount for b in balances), *(e.amount for e in entries)]
    sequence = _sequence(record)
    return Statement(
        statement_id=record.get("statement_id"),
        account=account,
        currency=record.get("currency") or next((a.currency for a in amounts), ""),
        kind=ReportKind.PREVIOUS_DAY,
        sequence=sequence,
        created_at=created,
        from_day=first,
        to_day=last,
        balances=balances,
        entries=entries,
        problems=tuple(record.objects("problems")),
        location=record.location(),
    )


_TRANSACTION = Shape(name="transaction", fields=TRANSACTION_FIELDS, make=_detail)
_ENTRY = Shape(
    name="entry", fields=ENTRY_FIELDS, make=_entry, inner={"NtryDtls/TxDtls": _TRANSACTION}
)
_BALANCE = Shape(name="balance", fields=BALANCE_FIELDS, make=_balance)
_STATEMENT = Shape(
    name="statement",
    fields=STATEMENT_FIELDS,
    make=_statement,
    inner={"Bal": _BALANCE, "Ntry": _ENTRY},
    yields=True,
)
_MESSAGE = Shape(
    name="message",
    fields={"GrpHdr/CreDtTm": "created"},
    make=lambda _record: None,
    inner={"Stmt": _STATEMENT},
)


def read(stream: BinaryIO, profile: Profile) -> Iterator[object]:
    """Yield the records of each statement of a camt.053 file, in the order of the file.

    Memory is that of one statement. Profile: an `encoding` other than utf-8 overrides the file's
    own declaration. Raises Invalid with a location for whatever `iso20022.records` refuses, and:
    `no_statement`, `account_missing`, `amount_missing`, `amount_not_a_number`, `amount_too_fine`,
    `amount_too_large`, `unknown_currency`, `direction_missing`, `balance_day_missing`. Book
    nothing before the iterator has ended by itself.
    """
    none = True
    for statement in records(stream, "BkToCstmrStmt", _MESSAGE, declared(profile)):
        none = False
        yield from take_apart(statement, statement.problems)
    if none:
        raise Invalid(
            "no_statement",
            "The file is a statement message without a statement.",
            _KEPT,
            "Ask the bank for the statement.",
            location="line 1",
        )


FORMAT = Format(
    name="camt_053",
    media_type="application/xml",
    standard="ISO 20022 camt.053.001.01 to .14",
    identify=identifies("camt.053"),
    read=read,
)
