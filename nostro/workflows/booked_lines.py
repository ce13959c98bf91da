"""What a bank's bookings say of our payments, one line a payment or a batch, whatever the message.

The same booking told again by the same kind of message is the same line; a debit notice and a
statement that tell of one booking are two facts about one payment.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from uuid import UUID

import msgspec

from nostro.domain.attempt import FREES_THE_ORDER
from nostro.domain.canonical import digest
from nostro.domain.money import Money
from nostro.domain.statement import (
    Entry,
    EntryStatus,
    ReportKind,
    Statement,
    TransactionDetail,
    charges_inside,
)
from nostro.storage.facts import NamedPayment, PaymentKeys
from nostro.storage.statements import TransactionRow

STATEMENT, NOTIFICATION, INTRADAY = "statement", "notification", "intraday_report"
KINDS = {
    ReportKind.PREVIOUS_DAY: STATEMENT,
    ReportKind.NOTIFICATION: NOTIFICATION,
    ReportKind.INTRADAY: INTRADAY,
    ReportKind.REAL_TIME: INTRADAY,
}
BOOKED, PENDING = EntryStatus.BOOK.value, EntryStatus.PDNG.value
RETURNED, CREDITED = "RTRN", "CRDT"  # Booked money in: said to be a return, or not.

# What banks and standards write where there is no reference (ISO 20022, SWIFT MT940 :61:).
NO_REFERENCE = frozenset({"", "NOTPROVIDED", "NONREF", "NOREF"})
_RETURN_FAMILY = "RRTN"  # ISO 20022 bank transaction code: reimbursement, as a sub-family.


class BookedLine(msgspec.Struct, frozen=True, kw_only=True):
    """One booking of a payment or of a batch. `amount` is signed, `charges` are positive.

    `charges` are those that the bank itemises inside the amount. `identity` is the same whenever
    this kind of message tells of this booking again.
    """

    kind: str
    status: str
    identity: str
    amount: Money | None
    instructed: Money | None
    charges: Money
    day: date | None
    end_to_end_id: str
    uetr: UUID | None
    bank_reference: str
    rail_reference: str
    batch: str
    count: int
    reason: str
    text: str


def lines_of(statement: Statement) -> list[BookedLine]:
    """Every line of a statement, report or notice that may name a payment of ours."""
    seen: dict[str, int] = {}
    found = []
    for entry in statement.entries:
        for line in _of_entry(statement, entry):
            seen[line.identity] = seen.get(line.identity, 0) + 1
            nth = seen[line.identity]
            told = msgspec.structs.replace(line, identity=f"{line.identity}#{nth}")
            found.append(told)
    return found


def _of_entry(statement: Statement, entry: Entry) -> Iterator[BookedLine]:
    own = [detail for detail in entry.details if _names_itself(detail)]
    if own or not entry.payment_information_id:
        single = len(entry.details) == 1
        for detail in own:
            amount = detail.amount or (entry.amount if single else None)
            yield _line(statement, entry, detail, amount)
        if not own and (entry.bank_reference or entry.customer_reference):
            detail = entry.details[0] if single else TransactionDetail(entry.amount)
            yield _line(statement, entry, detail, entry.amount)
        return
    batch = TransactionDetail(entry.amount)
    yield _line(statement, entry, batch, entry.amount, entry.payment_information_id)


def booked_line(row: TransactionRow) -> BookedLine:
    """A stored statement line as the booking that it is."""
    return BookedLine(
        kind=STATEMENT,
        status=row.status,
        identity="",
        amount=row.amount,
        instructed=None,
        charges=Money(row.charges_minor, row.amount.currency),
        day=row.booked,
        end_to_end_id=known(row.end_to_end_id),
        uetr=uuid_of(row.uetr),
        bank_reference=known(row.bank_reference),
        rail_reference=known(row.end_to_end_id),
        batch="",
        count=row.batch_count,
        reason="",
        text="",
    )


def _names_itself(detail: TransactionDetail) -> bool:
    return bool(known(detail.end_to_end_id) or detail.uetr or known(detail.bank_reference))


def _line(
    statement: Statement,
    entry: Entry,
    detail: TransactionDetail,
    amount: Money | None,
    batch: str = "",
) -> BookedLine:
    reference = known(detail.bank_reference) or known(entry.bank_reference)
    status = _status(entry, detail, amount)
    kind = KINDS[statement.kind]
    key = known(detail.end_to_end_id) or detail.uetr or batch
    when = "" if reference else [entry.booked, entry.value, entry.text, detail.remittance]
    told = [kind, status, statement.account, reference, amount, key, detail.return_reason, when]
    return BookedLine(
        kind=kind,
        status=status,
        identity=f"{kind}|{status}|{digest(told)}",
        amount=amount,
        instructed=detail.instructed or entry.instructed,
        charges=charges_inside(amount or entry.amount, (*detail.charges, *entry.charges)),
        day=entry.booked,
        end_to_end_id=known(detail.end_to_end_id),
        uetr=uuid_of(detail.uetr),
        bank_reference=reference,
        # Where a rail has no room for the end-to-end id, its own reference stands in its place.
        rail_reference=known(entry.customer_reference) or known(detail.end_to_end_id),
        batch=batch,
        count=entry.batch_count,
        reason=detail.return_reason,
        text=detail.return_text,
    )


def known(reference: str) -> str:
    """The reference, or "" for the words that say there is none."""
    return "" if reference.strip().upper() in NO_REFERENCE else reference.strip()


def uuid_of(text: str) -> UUID | None:
    """A UETR as written, or None for what is none."""
    try:
        return UUID(text)
    except ValueError:
        return None


def _status(entry: Entry, detail: TransactionDetail, amount: Money | None) -> str:
    if amount is None or amount.minor <= 0 or entry.status != EntryStatus.BOOK:
        return str(entry.status)
    codes = (entry.transaction_code, detail.transaction_code)
    comes_back = entry.reversal or any(code.endswith(_RETURN_FAMILY) for code in codes)
    return RETURNED if detail.return_reason or comes_back else CREDITED


def keys_of(lines: Iterable[BookedLine]) -> PaymentKeys:
    listed = list(lines)
    return PaymentKeys(
        end_to_end_ids=frozenset(filter(None, (line.end_to_end_id for line in listed))),
        uetrs=frozenset(line.uetr for line in listed if line.uetr),
        bank_references=frozenset(filter(None, (line.bank_reference for line in listed))),
        rail_references=frozenset(filter(None, (line.rail_reference for line in listed))),
        batches=frozenset(filter(None, (line.batch for line in listed))),
    )


class Index:
    """Payments by each key, in the order in which keys count (payment lifecycle, section 3)."""

    def __init__(self, payments: Sequence[NamedPayment]) -> None:
        # A payment that is still on its way is preferred to one that ended without effect.
        ordered = sorted(payments, key=lambda payment: payment.state in FREES_THE_ORDER)
        self._end_to_end: dict[str, NamedPayment] = {}
        self._uetr: dict[UUID, NamedPayment] = {}
        self._bank: dict[str, NamedPayment] = {}
        self._rail: dict[str, NamedPayment] = {}
        self.batches: dict[str, list[NamedPayment]] = {}
        for payment in ordered:
            self._end_to_end.setdefault(payment.end_to_end_id, payment)
            self._uetr.setdefault(payment.uetr, payment)
            if payment.bank_reference:
                self._bank.setdefault(payment.bank_reference, payment)
            if payment.rail_reference:
                self._rail.setdefault(payment.rail_reference, payment)
            self.batches.setdefault(payment.payment_information_id, []).append(payment)

    def of(self, line: BookedLine) -> NamedPayment | None:
        """The payment that the first of the line's keys names.

        Banks give a fee the reference of its payment, so a reference other than our own ids names
        a payment only with its exact amount.
        """
        ours = self._end_to_end.get(line.end_to_end_id)
        if ours is None and line.uetr:
            ours = self._uetr.get(line.uetr)
        if ours is not None:
            return ours
        theirs = self._bank.get(line.bank_reference) or self._rail.get(line.rail_reference)
        fits = theirs is not None and (line.status == RETURNED or pays(line, theirs))
        return theirs if fits else None


def moved(line: BookedLine, payment: NamedPayment) -> Money | None:
    """The money of a line in the payment's currency, signed; None when the bank does not say."""
    if line.amount is None:
        return None
    if line.amount.currency == payment.amount.currency:
        return line.amount
    told = line.instructed
    if told is None or told.currency != payment.amount.currency:
        return None
    return told if line.amount.minor > 0 else -told


def pays(line: BookedLine, payment: NamedPayment) -> bool:
    """Is the booked amount the payment's, or the payment's and charges that the bank itemises?"""
    money = moved(line, payment)
    if money is None:
        return False
    owed = payment.amount.minor
    with_charges = owed + line.charges.minor
    same = line.charges.currency == payment.amount.currency
    return -money.minor == owed or (same and -money.minor == with_charges)
