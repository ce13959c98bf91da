"""Approved payment runs as an ERP exports them: one payment per line, totals at the end.

Delimited text by a declared layout (profiles/*.toml). Only the form is checked here, and the check
digits of accounts; whether a payment may go out is decided later.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import BinaryIO, TypeVar

from nostro.domain.credit_note import CreditNoteLine
from nostro.domain.errors import Invalid
from nostro.domain.identifier import bic, compact, iban, is_creditor_reference
from nostro.domain.local_account import COUNTRIES, made
from nostro.domain.money import Money, total
from nostro.domain.party import PostalAddress
from nostro.domain.payment import (
    PURPOSE_CODE,
    PaymentRequest,
    Rail,
    RunTotals,
    Urgency,
    Wishes,
)
from nostro.domain.problem import RejectedLine
from nostro.formats import Format, Profile
from nostro.formats.profiles import Table
from nostro.formats.tables.table import (
    Row,
    amount_of,
    check_filled,
    date_of,
    identifies,
    is_trailer,
    money,
    rows,
    table_of,
)

USUAL_LAYOUT = "vesterholt_ap"
_NOT_USED = "No payment of the file was taken over."
_SUM = re.compile(r"([A-Z]{3})[ =:]*([-+0-9.,' ]+)\Z")
_COUNTRY = re.compile(r"([A-Z]{2})?\Z")

Choice = TypeVar("Choice", bound=StrEnum)
_SCHEMES = {country: scheme.value for scheme, country in COUNTRIES.items()}


class _Run:
    """What the lines so far add up to, and what the trailer says."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.run_id = ""
        self.lines = 0
        self.amounts: list[Money] = []
        self.unknown_amount: RejectedLine | None = None
        self.references: set[str] = set()
        self.trailer: Row | None = None

    def request(self, row: Row) -> PaymentRequest | CreditNoteLine:
        """What one row asks for, or Invalid. Its amount counts even if the rest is wrong."""
        self.run_id = self.run_id or row.text("run_id")
        try:
            amount = amount_of(row)
        except Invalid as error:
            self.unknown_amount = self.unknown_amount or row.rejected(error)
            check_filled(row)  # An empty cell is the better explanation.
            raise
        self.amounts.append(amount)
        if amount.minor < 0 and (credit := _credit_note(row, amount)):
            self._first_time(credit.reference)
            return credit
        check_filled(row)
        request = _request(row, amount)
        self._first_time(request.source_reference)
        return request

    def _first_time(self, reference: str) -> None:
        if reference in self.references:
            raise Invalid(
                "duplicate_line",
                f"The payment {reference} stands in the file twice.",
                can_do="Export the run again; one of the two would be paid twice.",
            )
        self.references.add(reference)


def read(stream: BinaryIO, profile: Profile) -> Iterator[PaymentRequest | RejectedLine | RunTotals]:
    """Yield a PaymentRequest or a RejectedLine for each line, and one RunTotals at the end.

    Profile: the name of a layout ("vesterholt_ap" by default). Codes of rejected lines:
    `wrong_column_count`, `field_missing`, `invalid_iban`, `invalid_local_account`, `invalid_bic`,
    `invalid_country`, `invalid_date`, `unknown_currency`, `amount_not_a_number`, `amount_too_fine`,
    `amount_too_large`, `amount_not_positive`, `unknown_choice`, `invalid_purpose`,
    `duplicate_line`, `line_after_trailer`; below zero a CreditNoteLine (`credit_note`). Raises
    Invalid with a location for the file as a whole: `empty_file`, `not_text`, `broken_quotes`,
    `missing_columns`, `invalid_trailer`, `run_totals_mismatch`, `run_totals_unproven` (totals are
    stated and a line's amount cannot be read), and `file_cut` when the trailer is missing. Take
    nothing over before the RunTotals has come.
    """
    table = table_of(profile, USUAL_LAYOUT)
    yield from payments_of(rows(stream, table), table)


def payments_of(
    found: Iterable[Row | RejectedLine], table: Table
) -> Iterator[PaymentRequest | RejectedLine | RunTotals]:
    """The payments of a run's rows, wherever they were read, and its totals; as `read` does."""
    run = _Run(table)
    last = 1
    for row in found:
        last = row.line
        if isinstance(row, Row) and is_trailer(row) and run.trailer is None:
            run.trailer = row
            continue
        run.lines += 1
        if isinstance(row, RejectedLine):
            run.unknown_amount = run.unknown_amount or row
            yield row
            continue
        yield _made(run, row)
    yield _totals(run, last)


def _made(run: _Run, row: Row) -> PaymentRequest | RejectedLine:
    try:
        if run.trailer is not None:
            happened = "The line comes after the totals."
            raise Invalid("line_after_trailer", happened, can_do="Export the run again.")
        return run.request(row)
    except Invalid as error:
        return row.rejected(error)


def _request(row: Row, amount: Money) -> PaymentRequest:
    if amount.minor <= 0:
        raise Invalid(
            "amount_not_positive",
            f"The amount {amount} is not positive.",
            can_do="Take the item out of the run, or net it with another one.",
        )
    reference = row.text("reference")
    structured = is_creditor_reference(reference)
    rail = _chosen(row, "rail", Rail)
    invoices = tuple(i.strip() for i in row.text("invoices").split(",") if i.strip())
    # A structured reference stands alone; else the text, else the invoices tell the payee.
    remittance = "" if structured else reference or ", ".join(invoices)
    return PaymentRequest(
        source_reference=f"{row.text('run_id')}-{row.text('item')}",
        entity_code=row.text("entity_code"),
        amount=amount,
        payee_number=row.text("payee_number"),
        payee_name=row.text("payee_name"),
        payee_address=_address(row),
        creditor_iban="" if _has_no_iban(row, rail) else iban(row.text("iban")),
        creditor_account=_local_account(row) if _is_local(row) else "",
        creditor_bic=bic(row.text("bic")) if row.text("bic") else "",
        requested_date=date_of(row, "payment_date"),
        invoices=invoices,
        remittance=remittance,
        creditor_reference=compact(reference) if structured else "",
        line=row.line,
        run_id=row.text("run_id"),
        approved_by=row.text("approved_by"),
        rail=rail,
        wishes=_wishes(row),
    )


def _wishes(row: Row) -> Wishes | None:
    """What the line says of its handling; None where the cells are empty or not there."""
    wishes = Wishes(
        urgency=_chosen(row, "urgency", Urgency),
        purpose=_purpose(row, "purpose"),
        category_purpose=_purpose(row, "category_purpose"),
    )
    return None if wishes == Wishes() else wishes


def _chosen(row: Row, field: str, kind: type[Choice]) -> Choice | None:
    """One of our words, in either case. Raises Invalid: what is misspelled is never left out."""
    text = row.text(field)
    try:
        return kind(text.lower()) if text else None
    except ValueError:
        raise Invalid(
            "unknown_choice",
            f"{text[:40]!r} is no {field}.",
            can_do=f"Write one of {', '.join(kind)}, or leave the cell empty.",
        ) from None


def _purpose(row: Row, field: str) -> str:
    text = row.text(field)
    if text and not PURPOSE_CODE.match(text):
        raise Invalid(
            "invalid_purpose",
            f"{text[:20]!r} is no {field.replace('_', ' ')} code.",
            can_do="Write the four capital letters of the ISO 20022 list, such as SALA or SUPP.",
        )
    return text


def _has_no_iban(row: Row, rail: Rail | None) -> bool:
    """Another account, or a cheque: it is paid to a name and an address."""
    return _is_local(row) or (rail is Rail.CHECK and not row.text("iban"))


def _credit_note(row: Row, amount: Money) -> CreditNoteLine | None:
    """A row below zero that says whose it is: it pays nobody. None where it does not say."""
    named = [row.text(name) for name in ("run_id", "item", "entity_code", "payee_number")]
    if not all(named):
        return None
    try:
        day = date_of(row, "payment_date")
    except Invalid:
        day = None
    why = Invalid(
        "credit_note",
        f"The amount {amount} is below zero: that is a credit note, which pays nobody.",
        can_do="Nothing is paid by it. Imported, it is kept, and netting it is proposed.",
    )
    return CreditNoteLine(
        line=row.line,
        code=why.code,
        sentence=why.happened,
        can_do=why.can_do,
        raw=row.raw,
        reference=f"{row.text('run_id')}-{row.text('item')}",
        document=row.text("invoices"),
        entity_code=row.text("entity_code"),
        payee_number=row.text("payee_number"),
        credit=-amount,
        day=day,
    )


def _is_local(row: Row) -> bool:
    """Whether the line names an account by other numbers than an IBAN."""
    return not row.text("iban") and bool(row.text("account_number"))


def _local_account(row: Row) -> str:
    """By the scheme that the line names, else that of the payee's country. Raises Invalid."""
    scheme = row.text("account_scheme") or _SCHEMES.get(row.text("country"), "")
    return str(made(scheme, row.text("bank_code"), row.text("account_number")))


def _address(row: Row) -> PostalAddress:
    country = row.text("country")
    if not _COUNTRY.match(country):
        raise Invalid(
            "invalid_country",
            f"The country {country[:20]!r} is not a two-letter code.",
            can_do="Write it like DE.",
        )
    return PostalAddress(
        street=row.text("street"),
        building=row.text("building"),
        post_code=row.text("post_code"),
        town=row.text("town"),
        country=country,
    )


def _totals(run: _Run, last: int) -> RunTotals:
    """Compare what the trailer states with what was there: to the cent, or the file is refused."""
    if run.trailer is None:
        if run.table.trailer:
            raise Invalid(
                "file_cut",
                f"The file has no {run.table.trailer} row: its end is missing.",
                _NOT_USED,
                "Export the run again.",
                location=f"line {last}",
            )
        return RunTotals(run_id=run.run_id, lines=run.lines, count=None, sums=None)
    count, sums = _stated(run.trailer)
    if count != run.lines:
        happened = f"The trailer states {count} payments; the file holds {run.lines}."
        raise _mismatch(run.trailer, happened)
    if run.unknown_amount is not None:
        raise _unproven(run.unknown_amount)
    there = total(run.amounts)
    if sums != there:
        happened = f"The trailer states {_words(sums)}; the lines add up to {_words(there)}."
        raise _mismatch(run.trailer, happened)
    return RunTotals(run_id=run.run_id, lines=run.lines, count=count, sums=tuple(sums.values()))


def _words(sums: dict[str, Money]) -> str:
    return ", ".join(str(amount) for amount in sums.values()) or "nothing"


def _mismatch(row: Row, happened: str) -> Invalid:
    return Invalid(
        "run_totals_mismatch",
        happened,
        _NOT_USED,
        "Export the run again; if it stays, somebody changed the file.",
        location=f"line {row.line}",
    )


def _unproven(row: RejectedLine) -> Invalid:
    """One line without an amount would let every other amount be changed unnoticed."""
    return Invalid(
        "run_totals_unproven",
        f"The amount of line {row.line} cannot be read, so nobody can tell whether the lines add up"
        f" to the totals of the file. {row.sentence}",
        _NOT_USED,
        "Export the run again.",
        location=f"line {row.line}",
    )


def _stated(row: Row) -> tuple[int, dict[str, Money]]:
    """Count and sums of `TRAILER;2;EUR 10.00,USD 5.00` (or one cell a currency)."""
    cells = [cell.strip() for cell in row.cells[1:]]
    parts = cells[1:]
    if row.table.decimal == ".":  # Else a comma belongs to the number.
        parts = [part for cell in parts for part in cell.split(",")]
    found = [(part, _SUM.match(part.strip())) for part in parts if part.strip()]
    try:
        if not cells or not re.fullmatch(r"[0-9]{1,9}", cells[0]) or not all(m for _, m in found):
            raise Invalid("invalid_trailer", "The totals cannot be read.")
        amounts = [money(m[2].strip(), m[1], row.table) for _, m in found if m]
    except Invalid as error:
        raise Invalid(
            "invalid_trailer",
            f"The totals in the last row cannot be read: {row.raw[:80]!r}. {error.happened}",
            _NOT_USED,
            f"It should be like {row.table.trailer};2;EUR 10.00,USD 5.00.",
            location=f"line {row.line}",
        ) from None
    return int(cells[0]), total(amounts)


FORMAT = Format(
    name="payment_run_csv",
    media_type="text/csv",
    standard="RFC 4180, layout by profile",
    identify=identifies("payment_run_csv"),
    read=read,
)
