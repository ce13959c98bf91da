"""What became of payments, as a list for the system that asked for them: one row a payment.

RFC 4180 (commas, CRLF), UTF-8. The columns are ours; `returned_amount` is empty when nothing came
back.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from datetime import date
from io import StringIO
from typing import BinaryIO

from nostro.domain.errors import Invalid
from nostro.domain.money import Money
from nostro.domain.order import OrderState
from nostro.domain.payment_status import PaymentStatus
from nostro.domain.problem import RejectedLine
from nostro.formats import Format, Profile
from nostro.formats.profiles import Table
from nostro.formats.tables.table import Row, read_rows, rows

COLUMNS = (
    "source_reference",
    "run",
    "number",
    "end_to_end_id",
    "state",
    "reason",
    "reason_text",
    "day",
    "amount",
    "currency",
    "returned_amount",
)
_TABLE = Table(
    name="payment_status_csv",
    format="payment_status_csv",
    columns={column: column for column in COLUMNS},
    required=(),
    delimiter=",",
)
_HEADER = ",".join(COLUMNS).encode()
_LEFT_OUT = "This line was left out; the others were read."
_WRITE_AGAIN = "Write the list again; it was changed after it was written."


def write(items: Iterable[PaymentStatus], profile: Profile) -> bytes:
    """The payments as one list, titles first. The law: `read` gives back what was written.

    Cells are written as they are: a spreadsheet that takes them for formulas must be told not to.
    """
    out = StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for status in items:
        writer.writerow(
            (
                status.source_reference,
                status.run,
                status.number,
                status.end_to_end_id,
                status.state.value,
                status.reason,
                status.reason_text,
                status.day.isoformat(),
                status.amount.number(),
                status.amount.currency,
                status.returned.number() if status.returned is not None else "",
            )
        )
    return out.getvalue().encode()


def read(stream: BinaryIO, profile: Profile) -> Iterator[PaymentStatus | RejectedLine]:
    """Yield a PaymentStatus or a RejectedLine for each line.

    Codes of rejected lines: `wrong_column_count`, `broken_quotes`, `unknown_word`, `invalid_date`
    and those of Money.parse. Raises Invalid with a location: `empty_file`, `not_text`,
    `missing_columns`.
    """
    yield from read_rows(rows(stream, _TABLE), _status)


def _status(row: Row) -> PaymentStatus:
    told = {column: row.cells[row.places[column]] for column in COLUMNS}
    currency, returned = told["currency"], told["returned_amount"]
    return PaymentStatus(
        source_reference=told["source_reference"],
        run=told["run"],
        number=told["number"],
        end_to_end_id=told["end_to_end_id"],
        state=_state(told["state"]),
        reason=told["reason"],
        reason_text=told["reason_text"],
        day=_day(told["day"]),
        amount=Money.parse(told["amount"], currency),
        returned=Money.parse(returned, currency) if returned else None,
    )


def _state(text: str) -> OrderState:
    try:
        return OrderState(text)
    except ValueError:
        raise Invalid(
            "unknown_word",
            f"{text[:40]!r} is no state of a payment.",
            _LEFT_OUT,
            _WRITE_AGAIN,
            field="state",
        ) from None


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid(
            "invalid_date",
            f"{text[:40]!r} is not a date.",
            _LEFT_OUT,
            _WRITE_AGAIN,
            field="day",
        ) from None


def identify(head: bytes) -> int:
    """100 when the row of titles is ours."""
    return 100 if head.startswith((_HEADER, b"\xef\xbb\xbf" + _HEADER)) else 0


FORMAT = Format(
    name="payment_status_csv",
    media_type="text/csv",
    standard="RFC 4180",
    identify=identify,
    read=read,
    write=write,
    documents=(PaymentStatus,),
    several="list",
)
