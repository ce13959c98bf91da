"""Statements out to an ERP: camt.053, by the order of its official schema, or not at all.

What a version has no place for is refused, and what was written is read back and compared: a
statement leaves as it is, or with a sentence that says what could not go along.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from io import BytesIO
from typing import Any, BinaryIO
from xml.sax.saxutils import escape

import msgspec

from nostro.domain.errors import Invalid
from nostro.domain.money import Money
from nostro.domain.statement import Balance, Entry, Statement, assemble
from nostro.formats import Profile
from nostro.formats.iso20022.accounts.camt_053_paths import (
    Edition,
    Pairs,
    detail_pairs,
    entry_pairs,
    money,
)
from nostro.formats.iso20022.validation.schema import validate
from nostro.formats.iso20022.validation.schema_order import arranged, order_of

NOT_WRITTEN = "The file was not written."
NOT_PROVIDED = "NOTPROVIDED"
MESSAGE = "BkToCstmrStmt"
_HOLE = "\ue000"
_INTERIM = "INTM"
# ExternalBalanceSubType1Code; what other formats say ("60F", "015") is the bank's own word.
_SUBTYPE = re.compile(r"[A-Z]{4}\Z")
# Where the words of a place in the file stand: they differ by nature.
_OF_READING = ("location", "problems")
# What the words of a place name before they name a field.
_RECORDS = frozenset(("statement", "entries", "details", "balances"))


Reads = Callable[[BinaryIO, Profile], Iterator[Any]]


def write(statements: Sequence[Statement], version: str, read: Reads) -> bytes:
    """Statements as one message of that version ("camt.053.001.08"); all of one message id.

    Without a message id it says NOTPROVIDED; a statement without a time of creation takes the day
    of its last balance. Raises Invalid: `not_in_version`, `schema_violation`, `not_carried`.
    """
    if not statements:
        raise _not_carried("no statement", "file")
    data = "".join(_lines(statements, Edition(order_of(version, MESSAGE)))).encode()
    validate(data)
    back = list(assemble(read(BytesIO(data), Profile())))
    if len(back) != len(statements):
        raise _not_carried("statement", "file")
    for number, (statement, told) in enumerate(zip(statements, back, strict=True), start=1):
        place = f"statement {number}"
        if not isinstance(told, Statement):
            raise _not_carried("statement", place)
        if not statement.message_id and told.message_id == NOT_PROVIDED:
            told = msgspec.structs.replace(told, message_id="")
        if statement.created_at is None:
            told = msgspec.structs.replace(told, created_at=None)
        _compare(msgspec.to_builtins(statement), msgspec.to_builtins(told), place)
    return data


def _lines(statements: Sequence[Statement], edition: Edition) -> Iterator[str]:
    first = statements[0]
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:{edition.version}"><{MESSAGE}>\n'
    yield f"<GrpHdr><MsgId>{escape(first.message_id or NOT_PROVIDED)}</MsgId>"
    yield f"<CreDtTm>{_created(first)}</CreDtTm>{_message_page(first, edition)}</GrpHdr>\n"
    for statement in statements:
        yield from _statement(statement, edition)
    yield f"</{MESSAGE}></Document>\n"


def _statement(statement: Statement, edition: Edition) -> Iterator[str]:
    created = _created(statement)
    pairs = [*_statement_pairs(statement, created, edition), ("Ntry/NtryRef", _HOLE)]
    whole = arranged("Stmt", "Stmt", pairs, edition.order)
    before, _, after = whole.partition(f"<Ntry><NtryRef>{_HOLE}</NtryRef></Ntry>")
    yield f"{before}\n"
    for entry in statement.entries:
        yield f"{_entry(entry, statement.account, edition)}\n"
    yield f"{after}\n"


def _created(statement: Statement) -> str:
    if statement.created_at is not None:
        return statement.created_at.isoformat()
    days = [balance.day for balance in statement.balances]
    if not days:
        raise _not_carried("created_at", "statement", "created_at")
    return f"{max(days).isoformat()}T00:00:00"


def _message_page(statement: Statement, edition: Edition) -> str:
    if statement.page is None or edition.has("Stmt/StmtPgntn"):
        return ""
    last = str(bool(statement.last_page)).lower()
    return f"<MsgPgntn><PgNb>{statement.page}</PgNb><LastPgInd>{last}</LastPgInd></MsgPgntn>"


def _statement_pairs(statement: Statement, created: str, edition: Edition) -> Pairs:
    pairs: Pairs = [("Id", statement.statement_id or NOT_PROVIDED)]
    if statement.page is not None and edition.has("Stmt/StmtPgntn"):
        pairs.append(("StmtPgntn/PgNb", str(statement.page)))
        pairs.append(("StmtPgntn/LastPgInd", str(bool(statement.last_page)).lower()))
    for path, number in (
        ("ElctrncSeqNb", statement.sequence),
        ("LglSeqNb", statement.legal_sequence),
    ):
        if number is not None:
            pairs.append((path, str(number)))
    pairs.append(("CreDtTm", created))
    if statement.from_day:
        pairs.append(("FrToDt/FrDtTm", f"{statement.from_day}T00:00:00"))
    if statement.to_day:
        pairs.append(("FrToDt/ToDtTm", f"{statement.to_day}T23:59:59"))
    pairs += [
        edition.account("Acct", statement.account),
        ("Acct/Ccy", statement.currency),
        ("Acct/Nm", statement.account_name),
        ("Acct/Ownr/Nm", statement.owner_name),
        (f"Acct/Svcr/FinInstnId/{edition.bic}", statement.bank_bic),
        ("Acct/Svcr/FinInstnId/ClrSysMmbId/MmbId", statement.bank_code),
        ("AddtlStmtInf", statement.text),
    ]
    if statement.related_account:
        pairs.append(edition.account("RltdAcct", statement.related_account))
    for number, balance in enumerate(statement.balances, start=1):
        pairs += _balance(f"Bal[{number}]", balance)
    return _filled([*pairs, *statement.codes])


def _balance(path: str, balance: Balance) -> Pairs:
    kind = "Cd" if len(balance.code) <= 4 else "Prtry"
    subtype = _INTERIM if balance.interim else balance.bank_code
    return [
        (f"{path}/Tp/CdOrPrtry/{kind}", balance.code),
        (f"{path}/Tp/SubTp/{'Cd' if _SUBTYPE.match(subtype) else 'Prtry'}", subtype),
        *money(path, balance.amount),
        (f"{path}/Dt/Dt", balance.day.isoformat()),
        *(pair for n, one in enumerate(balance.available, 1) for pair in _available(path, n, one)),
        *((f"{path}/{name}", text) for name, text in balance.codes),
    ]


def _available(path: str, number: int, one: Any) -> Pairs:
    own = f"{path}/Avlbty[{number}]"
    days = "" if one.days is None else str(one.days)
    day = one.day.isoformat() if one.day else ""
    return [
        (f"{own}/Dt/NbOfDays", days),
        (f"{own}/Dt/ActlDt", day),
        *money(own, one.amount),
    ]


def _entry(entry: Entry, own: str, edition: Edition) -> str:
    available = [
        pair
        for number, one in enumerate(entry.available, start=1)
        for name, text in _available("", number, one)
        for pair in [(name.removeprefix("/"), text)]
    ]
    pairs = [*entry_pairs(entry, edition), *available]
    if entry.details:
        pairs.append(("NtryDtls/TxDtls/AddtlTxInf", _HOLE))
    if not any(text and path.startswith("BkTxCd/") for path, text in pairs):
        pairs.append(("BkTxCd/Prtry/Cd", _HOLE))  # Mandatory, and may be empty.
    made = arranged("Ntry", "Stmt/Ntry", _filled(pairs), edition.order)
    if _HOLE in made:
        made = made.replace(f"<BkTxCd><Prtry><Cd>{_HOLE}</Cd></Prtry></BkTxCd>", "<BkTxCd/>")
    hole = f"<TxDtls><AddtlTxInf>{_HOLE}</AddtlTxInf></TxDtls>"
    before, _, after = made.partition(hole)
    return "".join(
        [before, *(_detail(one, entry.amount, own, edition) for one in entry.details), after]
    )


def _detail(detail: Any, amount: Money, own: str, edition: Edition) -> str:
    pairs = _filled(detail_pairs(detail, amount, own, edition))
    return arranged("TxDtls", "Stmt/Ntry/NtryDtls/TxDtls", pairs, edition.order)


def _filled(pairs: Pairs) -> Pairs:
    return [(path, text) for path, text in pairs if text]


def _compare(given: Any, back: Any, place: str) -> None:
    """Refuse at the first field that does not come back as it went."""
    if isinstance(given, dict) and isinstance(back, dict):
        for name, value in given.items():
            if value == back.get(name):
                continue
            if name == "codes":  # Their order says nothing.
                _compare(sorted(value), sorted(back[name]), f"{place}, {name}")
            elif name not in _OF_READING:
                _compare(value, back.get(name), f"{place}, {name}")
    elif _are_lists(given, back) and len(given) == len(back):
        for number, (one, other) in enumerate(zip(given, back, strict=True), start=1):
            _compare(one, other, f"{place} {number}")
    elif given != back:
        raise _not_carried(place.rpartition(", ")[2], place, _field_of(place))


def _field_of(place: str) -> str:
    """The field that a place names: "charges" of "statement 1, entries 2, charges 1, amount"."""
    words = [part.partition(" ")[0] for part in place.split(", ")]
    return next((word for word in words if word not in _RECORDS), words[-1])


def _are_lists(*values: Any) -> bool:
    return all(isinstance(value, list | tuple) for value in values)


def _not_carried(what: str, where: str, field: str = "") -> Invalid:
    return Invalid(
        "not_carried",
        f"A camt.053 of this version cannot carry this exactly: {what.replace('_', ' ')}.",
        NOT_WRITTEN,
        "Leave it out, or choose a newer version or another format.",
        location=where,
        field=field,
    )
