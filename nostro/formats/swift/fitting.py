"""A statement from another format made to fit MT940, where somebody has chosen that it shall.

Three options of the writer, each off unless chosen: `transliterate` (letters that SWIFT does not
carry), `derive_reference` (:20: of 16 characters), `summarise` (what a booking has no room for).
Amounts, days, accounts and booked balances are never touched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import msgspec

from nostro.domain.errors import Invalid
from nostro.domain.policies.limits import FOREIGN
from nostro.domain.statement import Entry, Statement, TransactionDetail
from nostro.formats.letters import in_letters
from nostro.formats.sepa_characters import transliterate
from nostro.formats.swift.statement_heads import Account
from nostro.formats.swift.statement_lines import NO_REFERENCE, StatementOptions
from nostro.formats.swift.text import reference_of

REFERENCE_CHARACTERS = 16
_HALF = 8
_NO_REFERENCES = frozenset((NO_REFERENCE, "NOTPROVIDED"))
_NUMBER_MAX = 99_999
_KEPT_BALANCES = frozenset(("OPBD", "PRCD", "CLBD", "CLAV", "FWAV"))
# Shown last, so dropped first, when :86: has not room for all of a detail.
_DROPPED = ("codes", "documents", "charges", "uetr", "clearing_reference", "text", "transaction_id")
_MAIN = ("counterparty_name", "counterparty_iban", "end_to_end_id", "remittance")
_BLANK: dict[str, Any] = {
    field.name: field.default
    for field in msgspec.structs.fields(TransactionDetail)
    if field.default is not msgspec.NODEFAULT and field.name not in _MAIN
}


def fitted(statement: Statement, options: StatementOptions) -> Statement:
    """The statement with the chosen changes; the same one when nothing was chosen."""
    if options.transliterate:
        statement = in_letters(statement, swift_lines)
    if options.derive_reference:
        statement = _with_references(statement)
    return _without_surplus(statement) if options.summarise else statement


def swift_lines(text: str) -> str:
    """Lines of text in character set X, none of them empty, none beginning with : or -."""
    return "\n".join(filter(None, map(_line, text.split("\n"))))


def _line(line: str) -> str:
    line = (transliterate(line) if FOREIGN.search(line) else line).rstrip(" ")
    return f".{line}" if line[:1] in (":", "-") else line


def derived_reference(text: str) -> str:
    """A reference of 16 characters for a longer one: always the same, and nobody else's.

    Its first 8 letters and digits, then 8 digits of the SHA-256 of all of it:

    >>> derived_reference("MSG66141212-AUHHDI")
    'MSG66141B20944E9'
    """
    start = re.sub(r"[^A-Za-z0-9]", "", transliterate(text))[:_HALF].upper()
    return start + sha256(text.encode()).hexdigest()[:_HALF].upper()


def _is_reference(text: str) -> bool:
    try:
        return bool(reference_of(text, ""))
    except Invalid:
        return False


def _with_references(statement: Statement) -> Statement:
    """:20: derived where it does not fit; references of bookings that do not fit are left out."""
    told = statement.statement_id
    return msgspec.structs.replace(
        statement,
        statement_id=told if _is_reference(told) else derived_reference(told),
        entries=tuple(map(_with_own_references, statement.entries)),
    )


def _with_own_references(entry: Entry) -> Entry:
    return msgspec.structs.replace(
        entry,
        customer_reference=next(filter(None, map(_own, _references(entry))), ""),
        bank_reference=_own(entry.bank_reference),
    )


def _references(entry: Entry) -> tuple[str, ...]:
    """What may stand in :61: as our reference; banks that left MT940 have it in InstrId."""
    if len(entry.details) != 1:
        return (entry.customer_reference,)
    detail = entry.details[0]
    return (entry.customer_reference, detail.instruction_id, detail.end_to_end_id)


def _own(reference: str) -> str:
    fits = _is_reference(reference) and reference not in _NO_REFERENCES
    return reference if fits else ""


def _without_surplus(statement: Statement) -> Statement:
    numbered = (statement.sequence or 0) <= _NUMBER_MAX and (statement.page or 0) <= _NUMBER_MAX
    number = statement.account
    bank = statement.bank_code or statement.bank_bic
    found = Account(f"{bank}/{number}" if bank else number)
    told = (found.number, found.bank_code) == (number, statement.bank_code)
    opened = any(one.code == "OPBD" for one in statement.balances)
    kept = _KEPT_BALANCES - {"PRCD"} if opened else _KEPT_BALANCES
    return msgspec.structs.replace(
        statement,
        bank_code=statement.bank_code if told else "",
        bank_bic=statement.bank_bic if told else "",
        sequence=statement.sequence if numbered else None,
        page=statement.page if numbered else None,
        balances=tuple(one for one in statement.balances if one.code in kept),
        entries=tuple(map(_with_swift_codes, statement.entries)),
    )


def _with_swift_codes(entry: Entry) -> Entry:
    """Funds code: one letter of the currency, or none ("0" of BAI2 means another thing)."""
    code = entry.funds_code
    fits = not code or (len(code) == 1 and code.isupper())
    return entry if fits else msgspec.structs.replace(entry, funds_code="")


def shorter(entry: Entry) -> Iterator[Entry]:
    """The booking with less and less told of it: never other than it was, at last nothing."""
    if len(entry.details) > 1:
        entry = msgspec.structs.replace(entry, details=())
    for detail in entry.details:
        for one in _less(detail):
            yield msgspec.structs.replace(entry, details=(one,))
            yield msgspec.structs.replace(entry, details=(one,), text="")
    bare = msgspec.structs.replace(entry, details=())
    yield bare
    for remittance in ((entry.text,), ()):
        yield msgspec.structs.replace(bare, text=_room(remittance))


def _room(lines: tuple[str, ...]) -> str:
    """As much of a text as six lines of 65 hold."""
    pieces = [
        line[at : at + 65]
        for text in lines
        for line in text.split("\n")
        for at in range(0, len(line), 65)
    ]
    return swift_lines("\n".join(pieces[:6]))


def _less(detail: TransactionDetail) -> Iterator[TransactionDetail]:
    for number in range(len(_DROPPED)):
        names = _DROPPED[: number + 1]
        yield msgspec.structs.replace(detail, **{name: _BLANK[name] for name in names})
    main = msgspec.structs.replace(detail, **_BLANK)
    yield main
    for count in range(len(detail.remittance) - 1, -1, -1):
        yield msgspec.structs.replace(main, remittance=detail.remittance[:count])
