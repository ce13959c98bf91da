"""Statements as MT940, strictly: what the format cannot carry is refused, never left out.

SWIFT Standards MT, MT940 Customer Statement Message. One message a statement: pages are not split,
and the page balances of a statement that was read in pages have no place any more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress

from nostro.domain.errors import Invalid
from nostro.domain.money import Money
from nostro.domain.statement import Balance, Entry, EntryStatus, ReportKind, Statement
from nostro.formats import Profile, options_of
from nostro.formats.swift.fin import sender_of
from nostro.formats.swift.fitting import fitted, shorter
from nostro.formats.swift.leave_out import without
from nostro.formats.swift.narrative_writer import narrative_of
from nostro.formats.swift.statement_heads import Account
from nostro.formats.swift.statement_lines import NO_REFERENCE, StatementOptions
from nostro.formats.swift.swift_dates import Dates, dates_of, reads_back, short
from nostro.formats.swift.text import amount_text, line_of, lines_of, reference_of, refused

_BALANCES = {"CLAV": "64", "FWAV": "65"}
_DEFAULT_TYPE = "NMSC"  # "Miscellaneous": the standard's word for a booking of no other type.
# Fields of the head that have no field of ours, as the reader keeps them.
_KEPT = frozenset(("{1}", "{2}", "{3}", "{5}", "21", "25"))
# Fields of ours without a place.
_STATEMENT_PLAIN = (
    "account_name",
    "owner_name",
    "message_id",
    "related_account",
    "legal_sequence",
    "created_at",
    "last_page",
    "from_day",
    "to_day",
)
_ENTRY_PLAIN = (
    "transaction_code",
    "entry_reference",
    "payment_information_id",
    "message_id",
    "batch_count",
    "available",
    "exchange",
)


def write(statement: Statement, profile: Profile) -> bytes:
    """One statement as one MT940, CR LF at the line ends, without envelope unless it had one.

    The law: reading it gives the statement again, apart from locations, from :86: as the entries'
    `text`, and from page balances. Option `narrative` says how details are told that the entry's
    text does not tell. Raises Invalid: `not_a_day_statement`, `balance_missing`,
    `balance_not_carried`, `status_not_carried`, `date_missing`, `date_not_carried`,
    `not_carried`, `code_not_carried`, `currencies_differ`, and whatever `narrative_of` and
    `text` refuse.
    """
    options = options_of(profile, StatementOptions)
    statement = fitted(without(statement, options.leave_out), options)
    dialect = "plain" if options.narrative == "auto" else options.narrative
    _fits(statement)
    text = "\r\n".join(
        line.replace("\n", "\r\n")
        for line in (
            *_head(statement),
            *_entries(statement, dialect, options),
            *_foot(statement),
        )
    )
    return _framed(statement, text)


def _framed(statement: Statement, text: str) -> bytes:
    told = dict(statement.codes)
    blocks = "".join(f"{{{n}:{told[f'{{{n}}}']}}}" for n in "123" if f"{{{n}}}" in told)
    if not blocks:
        return f"{text}\r\n-\r\n".encode("ascii")
    trailer = f"{{5:{told['{5}']}}}" if "{5}" in told else ""
    return f"{blocks}{{4:\r\n{text}\r\n-}}{trailer}\r\n".encode("ascii")


def _fits(statement: Statement) -> None:
    where = f"statement {statement.statement_id}"
    if statement.kind is not ReportKind.PREVIOUS_DAY:
        happened = "MT940 is a statement of a day that is over; this one is not."
        raise refused("not_a_day_statement", happened, "Write it in another format.", where)
    for name in _STATEMENT_PLAIN:
        if getattr(statement, name) not in ("", None):
            raise _not_carried(f"the {name.replace('_', ' ')}", name, where)
    for name, _ in statement.codes:
        if name not in _KEPT:
            raise _code_not_carried(name, "codes", where)


def _head(statement: Statement) -> Iterator[str]:
    where = f"statement {statement.statement_id}"
    told = dict(statement.codes)
    yield f":20:{reference_of(statement.statement_id, where)}"
    if "21" in told:
        yield f":21:{line_of(told['21'], 16, where)}"
    yield from _account(statement, told.get("25", ""), where)
    number, page = statement.sequence or 0, statement.page
    if not (0 <= number <= 99999 and 0 <= (page or 0) <= 99999):
        field = "page" if 0 <= number <= 99999 else "sequence"
        raise _not_carried(f"a {field} number of more than 5 digits", field, where)
    yield f":28C:{number}" + (f"/{page}" if page is not None else "")
    opening = _opening(statement)
    yield f":{'60M' if opening.interim else '60F'}:{_balance(opening, statement, where)}"


def _account(statement: Statement, written: str, where: str) -> Iterator[str]:
    """:25: as bank code or BIC, slash and number; as it was read if that held a currency."""
    told = dict(statement.codes)
    by_envelope = sender_of(told.get("{1}", ""), told.get("{2}", "")) == statement.bank_bic
    bank = statement.bank_code or ("" if by_envelope else statement.bank_bic)
    plain = f"{bank}/{statement.account}" if bank else statement.account
    text = plain
    if written:
        read = Account(written)
        if (read.number, read.bank_code) == (statement.account, statement.bank_code):
            text = written
    found = Account(text)
    same = (found.number, found.bank_code) == (statement.account, statement.bank_code)
    if not same or (found.bank_bic and found.bank_bic != statement.bank_bic):
        raise _not_carried(f"the account {plain[:40]!r} so that it reads back", "account", where)
    yield f":25:{line_of(text, 35, where)}"


def _opening(statement: Statement) -> Balance:
    return _one(statement, ("OPBD", "PRCD"), "opening", last=False)


def _closing(statement: Statement) -> Balance:
    return _one(statement, ("CLBD",), "closing", last=True)


def _one(statement: Statement, codes: Sequence[str], word: str, *, last: bool) -> Balance:
    """The booked balance of the whole statement; of a page only if there is no other."""
    where = f"statement {statement.statement_id}"
    found = [balance for balance in statement.balances if balance.code in codes]
    whole = [balance for balance in found if not balance.interim]
    if len(whole) > 1:
        raise _not_carried(f"several {word} balances", "balances", where)
    if not found:
        happened = f"The statement has no {word} booked balance; MT940 must have one."
        raise refused("balance_missing", happened, "Write it in another format.", where)
    return whole[0] if whole else found[-1 if last else 0]


def _balance(balance: Balance, statement: Statement, where: str) -> str:
    money = balance.amount
    _same_currency(money, statement, where)
    if balance.available:
        raise _not_carried("when a balance becomes available", "available", where)
    if not reads_back((balance.day,), _year(statement)):
        raise _not_carried(f"a balance of another century ({balance.day})", "day", where)
    mark = "D" if money.minor < 0 else "C"
    return f"{mark}{short(balance.day)}{money.currency}{amount_text(money, where)}"


def _year(statement: Statement) -> int:
    return _opening(statement).day.year


def _same_currency(money: Money, statement: Statement, where: str) -> None:
    if money.currency != statement.currency:
        happened = f"{money.currency} stands in a statement of {statement.currency}."
        raise refused("currencies_differ", happened, "Write one statement a currency.", where)


def _entries(statement: Statement, dialect: str, options: StatementOptions) -> Iterator[str]:
    year = _year(statement)
    for number, entry in enumerate(statement.entries, 1):
        where = f"statement {statement.statement_id}, entry {number}"
        _entry_fits(entry, statement, where)
        yield _line(entry, year, options, where)
        if narrative := _narrative(entry, dialect, options, where):
            yield f":86:{narrative}"


def _narrative(entry: Entry, dialect: str, options: StatementOptions, where: str) -> str:
    try:
        return narrative_of(entry, dialect, where)
    except Invalid:
        if not options.summarise:
            raise
    for less in shorter(entry):
        with suppress(Invalid):
            return narrative_of(less, dialect, where)
    return ""


def _entry_fits(entry: Entry, statement: Statement, where: str) -> None:
    _same_currency(entry.amount, statement, where)
    if entry.status != EntryStatus.BOOK:
        happened = f"MT940 carries booked entries only; this one is {entry.status}."
        raise refused("status_not_carried", happened, "Leave it out, or write MT942.", where)
    for name in _ENTRY_PLAIN:
        if getattr(entry, name):
            raise _not_carried(f"the {name.replace('_', ' ')}", name, where)
    supplement = dict(entry.codes).get("61/9", "")
    for name, word in (("charges", "/CHGS/"), ("instructed", "/OCMT/")):
        if getattr(entry, name) and word not in supplement:
            raise _not_carried(f"{name} outside the supplement", name, where)
    for name, _ in entry.codes:
        if name != "61/9":
            raise _code_not_carried(name, "codes", where)


def _line(entry: Entry, year: int, options: StatementOptions, where: str) -> str:
    """:61:, checked by reading its dates again."""
    value = entry.value or entry.booked
    if value is None:
        happened = "The booking has neither value date nor booking date."
        raise refused("date_missing", happened, "MT940 must have a value date.", where)
    booked = entry.booked.strftime("%m%d") if entry.booked else ""
    if dates_of(short(value), booked, year) != Dates(value, entry.booked):
        happened = f"The dates {value} and {entry.booked} do not read back from MT940's short form."
        raise refused("date_not_carried", happened, "Write it in another format.", where)
    flipped = options.reversal == "flipped"
    incoming = (entry.amount.minor >= 0) != (entry.reversal and not flipped)
    mark = ("R" if entry.reversal else "") + ("C" if incoming else "D")
    kind = entry.proprietary_code.partition("+")[0] or _DEFAULT_TYPE
    if len(kind) != 4 or not kind[0].isupper() or not kind.isalnum() or kind.upper() != kind:
        raise _code_not_carried(kind, "proprietary_code", where)
    if entry.funds_code and (len(entry.funds_code) != 1 or not entry.funds_code.isupper()):
        raise _code_not_carried(entry.funds_code, "funds_code", where)
    amount = amount_text(entry.amount, where)
    text = f":61:{short(value)}{booked}{mark}{entry.funds_code}{amount}{kind}"
    return text + _references(entry, where)


def _references(entry: Entry, where: str) -> str:
    customer = entry.customer_reference or NO_REFERENCE
    told = {"customer_reference": customer, "bank_reference": entry.bank_reference}
    for name, reference in told.items():
        line_of(reference, 16, where)
        if "//" in reference or reference != reference.strip() or reference.endswith("/"):
            raise _not_carried(f"the reference {reference!r}", name, where)
        if getattr(entry, name) == NO_REFERENCE:
            raise _not_carried("NONREF as a reference: it means that there is none", name, where)
    bank = f"//{entry.bank_reference}" if entry.bank_reference else ""
    supplement = dict(entry.codes).get("61/9", "")
    more = "\n" + lines_of(supplement.split("\n"), 34, 1, where) if supplement else ""
    return f"{customer}{bank}{more}"


def _foot(statement: Statement) -> Iterator[str]:
    where = f"statement {statement.statement_id}"
    closing = _closing(statement)
    yield f":{'62M' if closing.interim else '62F'}:{_balance(closing, statement, where)}"
    for balance in statement.balances:
        tag = _BALANCES.get(balance.code)
        if tag:
            yield f":{tag}:{_balance(balance, statement, where)}"
        elif balance.code not in ("OPBD", "PRCD", "CLBD"):
            happened = f"MT940 carries no balance {balance.code}."
            raise refused("balance_not_carried", happened, "Leave it out knowingly.", where)
    if statement.text:
        yield f":86:{lines_of(statement.text.split(chr(10)), 65, 6, where)}"


def _not_carried(thing: str, field: str, where: str) -> Invalid:
    happened = f"MT940 cannot carry {thing}."
    can_do = "Leave it out knowingly, or write camt.053."
    return refused("not_carried", happened, can_do, where, field)


def _code_not_carried(name: str, field: str, where: str) -> Invalid:
    happened = f"MT940 has no place for the code {name!r}."
    return refused("code_not_carried", happened, "Leave it out knowingly.", where, field)
