"""Statements and payments as rows of one table: what people open in a spreadsheet or a data tool.

One row for each transaction detail of an entry (one for an entry without details), or for each
payment. `entry_amount` stands in the first row of its entry only, so that the column adds up to
what moved on the account; `amount` is the detail's own and stays empty where the bank gives none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Literal

from nostro.domain.balance_gate import balance_verdict
from nostro.domain.errors import Invalid
from nostro.domain.payment_file import (
    Payment,
    PaymentBatchHeader,
    PaymentFile,
    PaymentFileHeader,
    PaymentFileTrailer,
)
from nostro.domain.payment_file import take_apart as take_payments_apart
from nostro.domain.problem import Problem
from nostro.domain.statement import (
    Entry,
    Statement,
    StatementHeader,
    StatementTrailer,
    TransactionDetail,
)

Kind = Literal["text", "money", "number", "day", "flag"]
Columns = tuple[tuple[str, Kind], ...]
# A money column is followed by its currency.
STATEMENT_COLUMNS: Columns = (
    ("file", "text"),
    ("account", "text"),
    ("statement_id", "text"),
    ("sequence", "number"),
    ("entry", "number"),
    ("detail", "number"),
    ("status", "text"),
    ("booked", "day"),
    ("value", "day"),
    ("entry_amount", "money"),
    ("amount", "money"),
    ("reversal", "flag"),
    ("counterparty_name", "text"),
    ("counterparty_iban", "text"),
    ("counterparty_bic", "text"),
    ("remittance", "text"),
    ("creditor_reference", "text"),
    ("end_to_end_id", "text"),
    ("instruction_id", "text"),
    ("payment_information_id", "text"),
    ("uetr", "text"),
    ("mandate_id", "text"),
    ("creditor_id", "text"),
    ("return_reason", "text"),
    ("bank_reference", "text"),
    ("entry_reference", "text"),
    ("customer_reference", "text"),
    ("transaction_code", "text"),
    ("proprietary_code", "text"),
    ("text", "text"),
    ("line", "number"),
)
PAYMENT_COLUMNS: Columns = (
    ("file", "text"),
    ("message_id", "text"),
    ("batch_id", "text"),
    ("method", "text"),
    ("requested_date", "day"),
    ("own_name", "text"),
    ("own_account", "text"),
    ("payment", "number"),
    ("end_to_end_id", "text"),
    ("instruction_id", "text"),
    ("uetr", "text"),
    ("rail_reference", "text"),
    ("amount", "money"),
    ("equivalent", "money"),
    ("counterparty_name", "text"),
    ("counterparty_account", "text"),
    ("counterparty_bic", "text"),
    ("remittance", "text"),
    ("creditor_reference", "text"),
    ("purpose", "text"),
    ("charge_bearer", "text"),
    ("transaction_code", "text"),
    ("mandate_id", "text"),
    ("line", "number"),
)
# What makes a spreadsheet take a text for a formula (OWASP, "CSV Injection").
_FORMULA_STARTS = frozenset("=+-@\t\r")
_NO_DETAIL = TransactionDetail(amount=None)
_PASSED_OVER = (Problem, StatementTrailer, PaymentFileHeader, PaymentFileTrailer)


class Flattener:
    """Makes rows of records; the first file with any decides of which kind all rows are."""

    def __init__(self) -> None:
        self.columns: Columns | None = None
        self.file = ""
        self.statement: StatementHeader | None = None
        self.message_id = ""
        self.batch: PaymentBatchHeader | None = None
        self.entry = 0
        self.payment = 0

    def begin(self, file: str) -> None:
        self.file = file

    def rows(self, record: object) -> Iterator[list[Any]]:
        """The rows of one record: cells as str, int, bool, date, Money or None.

        Raises Invalid: `rows_mixed`, `rows_not_possible`.
        """
        if isinstance(record, Statement):
            yield from self._all(_records_of(record))
        elif isinstance(record, PaymentFile):
            yield from self._all(take_payments_apart(record))
        elif isinstance(record, Entry):
            yield from self._entry_rows(record)
        elif isinstance(record, Payment):
            yield self._payment_row(record)
        elif isinstance(record, StatementHeader):
            self._is_of(STATEMENT_COLUMNS)
            self.statement, self.entry = record, 0
        elif isinstance(record, PaymentBatchHeader):
            self.batch, self.payment = record, 0
        elif isinstance(record, PaymentFileHeader):
            self._is_of(PAYMENT_COLUMNS)
            self.message_id = record.message_id
        elif not isinstance(record, _PASSED_OVER):
            raise Invalid(
                "rows_not_possible",
                f"{self.file} holds neither statements nor payments: it has no rows of that kind.",
                "Nothing of it was written.",
                "Choose --as jsonl or --as json, which hold everything.",
                location=self.file,
            )

    def _all(self, records: Iterable[object]) -> Iterator[list[Any]]:
        for record in records:
            yield from self.rows(record)

    def _is_of(self, columns: Columns) -> None:
        if self.columns is not None and self.columns is not columns:
            raise Invalid(
                "rows_mixed",
                "Some files hold statements, others payments: one table cannot hold both.",
                "The result is incomplete.",
                "Read them one kind at a time, or choose --as jsonl.",
                location=self.file,
            )
        self.columns = columns

    def _entry_rows(self, entry: Entry) -> Iterator[list[Any]]:
        self.entry += 1
        header = self.statement
        for number, detail in enumerate(entry.details or (_NO_DETAIL,), 1):
            yield [
                self.file,
                header.account if header else "",
                header.statement_id if header else "",
                header.sequence if header else None,
                self.entry,
                number if entry.details else 0,
                str(entry.status),
                entry.booked,
                entry.value,
                entry.amount if number == 1 else None,
                detail.amount if entry.details else entry.amount,
                entry.reversal,
                detail.counterparty_name,
                detail.counterparty_iban,
                detail.counterparty_bic,
                " ".join(detail.remittance),
                detail.creditor_reference,
                detail.end_to_end_id,
                detail.instruction_id,
                detail.payment_information_id or entry.payment_information_id,
                detail.uetr,
                detail.mandate_id,
                detail.creditor_id,
                detail.return_reason,
                detail.bank_reference or entry.bank_reference,
                entry.entry_reference,
                entry.customer_reference,
                detail.transaction_code or entry.transaction_code,
                detail.proprietary_code or entry.proprietary_code,
                entry.text,
                detail.location.line or entry.location.line,
            ]

    def _payment_row(self, payment: Payment) -> list[Any]:
        self.payment += 1
        batch = self.batch
        account = payment.counterparty_account
        return [
            self.file,
            self.message_id,
            batch.batch_id if batch else "",
            str(batch.method) if batch else "",
            batch.requested_date if batch else None,
            batch.own.name if batch else "",
            batch.own_account.iban or batch.own_account.number if batch else "",
            self.payment,
            payment.end_to_end_id,
            payment.instruction_id,
            payment.uetr,
            payment.rail_reference,
            None if payment.equivalent else payment.amount,
            payment.equivalent,
            payment.counterparty.name,
            account.iban or account.number,
            payment.counterparty_agent.bic or payment.counterparty_agent.member_id,
            " ".join(payment.remittance),
            payment.creditor_reference,
            payment.purpose,
            payment.charge_bearer,
            payment.transaction_code,
            payment.mandate.mandate_id if payment.mandate else "",
            payment.location.line,
        ]


def titles(columns: Columns) -> list[str]:
    """The titles in CSV: each amount is followed by its currency."""
    found = []
    for name, kind in columns:
        found.append(name)
        if kind == "money":
            found.append(_currency_title(name))
    return found


def _currency_title(name: str) -> str:
    """ "amount" is in "currency", "entry_amount" in "entry_currency"."""
    bare = name.removesuffix("amount")
    return f"{bare}currency" if bare != name else f"{name}_currency"


def cells(row: list[Any], columns: Columns, *, raw: bool = False) -> list[str]:
    """A row in CSV: exact decimal text, ISO 8601 days, true or false; "" where there is nothing.

    A text that a spreadsheet would run as a formula gets an apostrophe before it, unless `raw`:
    what stands in a payee's name or a remittance was written by somebody else.
    """
    found: list[str] = []
    for (_, kind), value in zip(columns, row, strict=True):
        if kind == "text":
            found.append(value if raw or value[:1] not in _FORMULA_STARTS else f"'{value}")
        elif kind == "money":
            found += (value.number(), value.currency) if value is not None else ("", "")
        elif value is None:
            found.append("")
        elif kind == "day":
            found.append(value.isoformat())
        elif kind == "flag":
            found.append("true" if value else "false")
        else:
            found.append(str(value))
    return found


def _records_of(statement: Statement) -> Iterator[object]:
    """The records of a whole statement, as a reader yields them."""
    told = {name: getattr(statement, name) for name in StatementHeader.__struct_fields__}
    yield StatementHeader(**told)
    yield from statement.problems
    yield from statement.entries
    yield StatementTrailer(
        balances=statement.balances,
        entry_count=len(statement.entries),
        verdict=balance_verdict(statement),
        location=statement.location,
        text=statement.text,
        codes=statement.codes,
    )
