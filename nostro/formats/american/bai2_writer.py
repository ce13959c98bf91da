"""Writes statements as a BAI2 file: what could not be read back the same is refused.

Cash Management Balance Reporting Specifications Version 2. A statement that comes from another
format says things that BAI2 has no field for; the option `summarise` leaves those out knowingly.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from io import BytesIO
from itertools import groupby
from typing import Any

from msgspec.structs import replace

from nostro.domain.errors import Invalid
from nostro.domain.problem import NOWHERE
from nostro.domain.statement import (
    AvailableOn,
    Balance,
    Entry,
    ReportKind,
    Statement,
    assemble,
)
from nostro.formats import Profile, options_of
from nostro.formats.american.bai2_account import ISSUER
from nostro.formats.american.bai2_codes import BALANCES, DEBIT, NON_MONETARY, type_code
from nostro.formats.american.bai2_fields import END_OF_DAY, SIMPLE_DAYS
from nostro.formats.american.bai2_levels import FINAL_PREVIOUS_DAY, INTERIM_SAME_DAY, UPDATE
from nostro.formats.american.bai2_reading import Options, reading
from nostro.formats.letters import ascii_lines, in_letters

_NOTHING = "Nothing was written."
_MADE_NAME = re.compile(r"\d{0,6}/(.*?)(?:/\d{6})?(?:/\d+)?\Z", re.DOTALL)
_STATUS = {iso: code for code, iso in BALANCES.items()}
_TYPE_CODE = re.compile(r"\d{3}\Z", re.ASCII)
_MISCELLANEOUS_CREDIT, _MISCELLANEOUS_DEBIT = "399", "699"
_FIELDS_OF_FUNDS = {"V": 2, "S": 3}
_SIMPLE = frozenset({"", "Z", *SIMPLE_DAYS})
_NOT_IN_REFERENCES = str.maketrans(",\n", "  ")


class Totals:
    """Adds up one level of the file for its trailer."""

    def __init__(self) -> None:
        self.total = 0
        self.members = 0
        self.records = 0


def write(statements: Statement | Sequence[Statement], profile: Profile) -> bytes:
    """One file of one or several statements; those of one bank and day share a group.

    Raises Invalid: `bai2_sender_missing`, `bai2_day_missing`, `bai2_line_too_long` for a text
    longer than `record_length`, `bai2_not_carried` for whatever would not be read back the same
    (`summarise` allows that), `profile_option_wrong`.
    """
    options = options_of(profile, Options)
    several = [statements] if isinstance(statements, Statement) else list(statements)
    if options.transliterate:
        several = [in_letters(one, ascii_lines) for one in several]
    lines = list(_file(several, options))
    data = "".join(f"{line}\n" for line in lines).encode()
    if not options.summarise:
        _same(several, data, options)
    return data


def _file(statements: Sequence[Statement], options: Options) -> Iterator[str]:
    totals = Totals()
    codes = dict(statements[0].codes) if statements else {}
    sender = codes.get("sender") or options.sender
    receiver = codes.get("receiver") or options.receiver
    if not sender or not receiver or not statements:
        raise Invalid(
            "bai2_sender_missing",
            "Nothing says who sends the file to whom, or there is no statement.",
            _NOTHING,
            "Name `sender` and `receiver` in the profile.",
        )
    head = f"01,{sender},{receiver},{_made(statements[0], codes)}"
    length = f"{options.record_length}" if options.record_length else codes.get("record_length", "")
    told = (length, codes.get("block_size", ""), codes.get("version", "2"))
    yield f"{head},{','.join(told)}/"
    for _, group in groupby(statements, lambda one: _group_head(one, options)):
        yield from _group(list(group), totals, options)
    yield f"99,{totals.total},{totals.members},{totals.records + 2}/"


def _made(statement: Statement, codes: dict[str, str]) -> str:
    """Day and time of the file, and its number: what the name of a statement read is made of."""
    at = statement.created_at
    hour = codes.get("file_time", f"{at:%H%M}" if at else "")
    if at is not None and hour in END_OF_DAY:
        at -= timedelta(days=1)
    found = _MADE_NAME.match(statement.statement_id)
    number = found.group(1) if found else statement.statement_id
    day = f"{at:%y%m%d}" if at else statement.statement_id.partition("/")[0]
    return f"{codes.get('file_date', day)},{hour},{_reference(number)}"


def _group_head(statement: Statement, options: Options) -> str:
    codes = dict(statement.codes)
    day = statement.to_day or statement.from_day
    if day is None and "as_of_date" not in codes:
        raise Invalid(
            "bai2_day_missing",
            f"Statement {statement.statement_id} does not say which day it is of.",
            _NOTHING,
            "Give it a last day.",
        )
    final = statement.kind is ReportKind.PREVIOUS_DAY
    modifier = codes.get("as_of_modifier", FINAL_PREVIOUS_DAY if final else INTERIM_SAME_DAY)
    fields = (
        codes.get("ultimate_receiver", ""),
        _reference(statement.bank_code) or options.sender,
        codes.get("group_status", UPDATE),
        codes.get("as_of_date", f"{day:%y%m%d}" if day else ""),
        codes.get("as_of_time", ""),
        statement.currency,
        "" if modifier == "none" else modifier,
    )
    return f"02,{','.join(fields)}/"


def _group(statements: Sequence[Statement], above: Totals, options: Options) -> Iterator[str]:
    totals = Totals()
    yield _group_head(statements[0], options)
    for statement in statements:
        account = Totals()
        for line in _account(statement, account, options):
            totals.records += 1
            yield line
        totals.total += account.total
        totals.members += 1
    yield f"98,{totals.total},{totals.members},{totals.records + 2}/"
    above.total += totals.total
    above.members += 1
    above.records += totals.records + 2


def _account(statement: Statement, totals: Totals, options: Options) -> Iterator[str]:
    codes = dict(statement.codes)
    # Kinds of balance that BAI2 has no type code for are no part of the file.
    groups = [
        _balance(balance, codes, totals) for balance in statement.balances if _balance_code(balance)
    ]
    for name, text in statement.codes:
        if _TYPE_CODE.match(name):
            groups.append(f"{name},{text}")
            minor = text.partition(",")[0]
            totals.total += int(minor) if minor.lstrip("+-").isdigit() else 0
    for line in _status(
        f"03,{_reference(statement.account)},{statement.currency}", groups, options
    ):
        totals.records += 1
        yield line
    for entry in statement.entries:
        for line in _entry(entry, totals, options):
            totals.records += 1
            yield line
    yield f"49,{totals.total},{totals.records + 1}/"


def _status(head: str, groups: Iterable[str], options: Options) -> Iterator[str]:
    """Record 03, with as many continuation records as its length asks for."""
    line = head
    for told in groups:
        # Amount, item count and funds type follow a type code, and the fields of the funds type.
        fields = told.split(",")
        needed = 3 + _FIELDS_OF_FUNDS.get(fields[3] if len(fields) > 3 else "", 0)
        told += "," * (needed - told.count(","))
        if options.record_length and len(line) + len(told) + 2 > options.record_length:
            yield f"{line}/"
            line = f"88,{told}"
        else:
            line = f"{line},{told}"
    yield f"{line}/"


def _balance_code(balance: Balance) -> str:
    """The bank's own type code, not what another format calls the balance ("60F")."""
    own = _TYPE_CODE.match(balance.bank_code)
    return balance.bank_code if own else _STATUS.get(balance.code, "")


def _balance(balance: Balance, codes: dict[str, str], totals: Totals) -> str:
    code = _balance_code(balance)
    totals.total += balance.amount.minor
    funds = codes.get(f"{code} funds") or ",".join(_spread(balance.available))
    return f"{code},{balance.amount.minor},{codes.get(f'{code} count', '')},{funds}"


def _spread(available: Sequence[AvailableOn]) -> list[str]:
    """When a balance can be used: on a day (V), or in parts after days (D)."""
    if not available:
        return [""]
    if available[0].days is None:
        return ["V", *_dated(available)]
    return ["D", *_parts(available)]


def _dated(available: Sequence[AvailableOn]) -> list[str]:
    one = available[0] if available else None
    return [f"{one.day:%y%m%d}" if one and one.day else "", one.time if one else ""]


def _parts(available: Sequence[AvailableOn]) -> list[str]:
    told = [f"{len(available)}"]
    for part in available:
        told.extend((f"{part.days or 0}", f"{abs(part.amount.minor)}"))
    return told


def _entry(entry: Entry, totals: Totals, options: Options) -> Iterator[str]:
    code = _code(entry)
    amount = entry.amount.minor
    meaning = type_code(code)
    debit = options.codes.get(code) == "debit" or (meaning and meaning.direction == DEBIT)
    written = f"{amount if amount < 0 and not debit else abs(amount)}"
    if code == NON_MONETARY and not amount:
        written = ""
    totals.total += int(written or 0)
    fields = ["16", code, written, *_funds(entry)]
    fields += [_reference(entry.bank_reference), _reference(entry.customer_reference)]
    lines = _text(entry).split("\n")
    head = ",".join(fields)
    width = options.record_length
    if width and len(head) + len(lines[0]) + 2 > width:
        lines.insert(0, "")
    yield _fitting(f"{head},{lines[0]}/", entry, width)
    for line in lines[1:]:
        yield _fitting(f"88,{line}/", entry, width)


def _fitting(line: str, entry: Entry, width: int) -> str:
    if width and len(line) > width:
        raise Invalid(
            "bai2_line_too_long",
            f"The entry {entry.bank_reference or entry.text[:30]!r} needs a record of"
            f" {len(line)} characters; {width} are allowed.",
            _NOTHING,
            "Allow longer records, or shorten its text.",
        )
    return line


def _code(entry: Entry) -> str:
    if entry.proprietary_issuer == ISSUER and _TYPE_CODE.match(entry.proprietary_code):
        return entry.proprietary_code
    return _MISCELLANEOUS_DEBIT if entry.amount.minor < 0 else _MISCELLANEOUS_CREDIT


def _funds(entry: Entry) -> list[str]:
    kept = dict(entry.codes).get("funds")
    if kept is not None:
        return kept.split(",")
    kind, parts = entry.funds_code, entry.available
    if kind == "S":
        by_days = {part.days: f"{abs(part.amount.minor)}" for part in parts}
        return ["S", *(by_days.get(days, "") for days in range(3))]
    if kind == "V":
        return ["V", *_dated(parts)]
    if kind == "D":
        return ["D", *_parts(parts)]
    return [kind if kind in _SIMPLE else ""]


def _text(entry: Entry) -> str:
    """The text; of an entry of another format, what its details say instead."""
    if entry.text:
        return entry.text
    told: list[str] = []
    for detail in entry.details:
        told += [detail.counterparty_name, detail.end_to_end_id, *detail.remittance, detail.text]
    return "\n".join(one for one in told if one)


def _reference(text: str) -> str:
    return text.translate(_NOT_IN_REFERENCES)


def _same(statements: Sequence[Statement], data: bytes, options: Options) -> None:
    """Refuse what would not be read back the same."""
    found = [s for s in assemble(reading(BytesIO(data), options)) if isinstance(s, Statement)]
    for wanted, again in zip(statements, found, strict=False):
        names = [
            name
            for name in Statement.__struct_fields__
            if name not in ("location", "problems")
            and _unplaced(getattr(wanted, name)) != _unplaced(getattr(again, name))
        ]
        if names:
            _refuse(wanted, names)
    if len(statements) != len(found):
        _refuse(statements[-1], ["the number of statements"])


def _unplaced(value: Any) -> Any:
    if isinstance(value, tuple) and value and isinstance(value[0], Entry | Balance):
        return tuple(replace(one, location=NOWHERE) for one in value)
    return value


def _refuse(statement: Statement, names: Sequence[str]) -> None:
    raise Invalid(
        "bai2_not_carried",
        f"BAI2 cannot carry all that statement {statement.statement_id} says in"
        f" {', '.join(names)}.",
        _NOTHING,
        "Set `summarise` in the profile to leave out what BAI2 has no field for.",
        field=names[0],
    )
