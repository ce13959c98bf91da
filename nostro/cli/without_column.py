"""What rows of a table leave out: the fields of statements and payments that have no column."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from nostro.domain.payment_file import Payment, PaymentBatchHeader, PaymentFileHeader
from nostro.domain.statement import Entry, StatementHeader, StatementTrailer

if TYPE_CHECKING:
    from nostro.cli.reading import Files

_NOT_TOLD: tuple[Any, ...] = (None, "", (), 0, False)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Where a record stands in its document, as losses between formats are told.
_PLACES: dict[type, str] = {
    StatementHeader: "",
    StatementTrailer: "",
    Entry: "entries.",
    PaymentFileHeader: "",
    PaymentBatchHeader: "batches.",
    Payment: "batches.payments.",
}
# What has a column, or is known from others (every amount has its currency).
_IN_COLUMNS = _words(
    """
    account currency entry_count sequence statement_id verdict
    entries.amount entries.bank_reference entries.booked entries.customer_reference
    entries.entry_reference entries.payment_information_id entries.proprietary_code
    entries.reversal entries.status entries.text entries.transaction_code entries.value
    entries.details.amount entries.details.bank_reference entries.details.counterparty_bic
    entries.details.counterparty_iban entries.details.counterparty_name
    entries.details.creditor_id entries.details.creditor_reference
    entries.details.end_to_end_id entries.details.instruction_id entries.details.mandate_id
    entries.details.payment_information_id entries.details.proprietary_code
    entries.details.remittance entries.details.return_reason
    entries.details.transaction_code entries.details.uetr
    batches.batch_id batches.method batches.own.name
    batches.own_account.iban batches.own_account.number batches.requested_date
    batches.payments.amount batches.payments.charge_bearer
    batches.payments.counterparty.name batches.payments.counterparty_account.iban
    batches.payments.counterparty_account.number batches.payments.counterparty_agent.bic
    batches.payments.counterparty_agent.member_id batches.payments.creditor_reference
    batches.payments.end_to_end_id batches.payments.equivalent
    batches.payments.instruction_id batches.payments.mandate.mandate_id
    batches.payments.purpose batches.payments.rail_reference batches.payments.remittance
    batches.payments.transaction_code batches.payments.uetr
    """
)
# Fields that are records themselves, some parts of which have a column.
_OPENED = _words(
    """
    entries.details batches.own batches.own_account batches.payments.counterparty
    batches.payments.counterparty_account batches.payments.counterparty_agent
    batches.payments.mandate
    """
)


def counting(files: Files, missing: Counter[str]) -> Files:
    """The files as they are; what has no column is counted in `missing` as it passes."""
    for about, found in files:
        yield about, _counted(found, missing)


def _counted(found: Iterator[Any], missing: Counter[str]) -> Iterator[Any]:
    for record in found:
        place = _PLACES.get(type(record))
        if place is not None:
            _count(record, place, missing)
        yield record


def _count(record: msgspec.Struct, place: str, missing: Counter[str]) -> None:
    for name in record.__struct_fields__:
        value = getattr(record, name)
        path = f"{place}{name}"
        if value in _NOT_TOLD or name == "location" or path in _IN_COLUMNS:
            continue
        if path in _OPENED:
            for part in value if isinstance(value, tuple) else (value,):
                _count(part, f"{path}.", missing)
        elif path != "message_id" or not isinstance(record, PaymentFileHeader):
            missing[path] += not _is_empty(value)


def _is_empty(value: Any) -> bool:
    """Nobody, no account, no agent: a record of which every field is empty."""
    return isinstance(value, msgspec.Struct) and all(
        part in _NOT_TOLD or _is_empty(part)
        for part in (getattr(value, name) for name in value.__struct_fields__)
    )


def tell(missing: Counter[str], shape: str) -> None:
    """One line on stderr, the most frequent field first."""
    if found := [f"{path} ({count:,})" for path, count in missing.most_common() if count]:
        print(f"{shape} has no column for: {', '.join(found)}", file=sys.stderr)
