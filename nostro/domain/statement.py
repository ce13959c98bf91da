"""What the bank says happened on an account: statement, balances, entries and their details."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

import msgspec

from nostro.domain.money import Money
from nostro.domain.problem import Location, Problem


class BalanceType(StrEnum):
    """ISO 20022 ExternalBalanceType1Code, the ones that we act on."""

    OPBD = "OPBD"
    PRCD = "PRCD"
    CLBD = "CLBD"
    OPAV = "OPAV"
    CLAV = "CLAV"
    ITBD = "ITBD"
    ITAV = "ITAV"
    FWAV = "FWAV"
    XPCD = "XPCD"
    INFO = "INFO"


class EntryStatus(StrEnum):
    BOOK = "BOOK"
    PDNG = "PDNG"
    INFO = "INFO"
    FUTR = "FUTR"


class ReportKind(StrEnum):
    PREVIOUS_DAY = "previous_day"
    INTRADAY = "intraday"
    REAL_TIME = "real_time"


class Balance(msgspec.Struct, frozen=True, kw_only=True):
    """`code` is the bank's own word; `amount` is signed (debit negative)."""

    code: str
    amount: Money
    day: date


class TransactionDetail(msgspec.Struct, frozen=True, kw_only=True):
    """One payment inside an entry (TxDtls). `amount` is signed like the entry; None if absent."""

    amount: Money | None
    end_to_end_id: str = ""
    uetr: str = ""
    instruction_id: str = ""
    payment_information_id: str = ""
    message_id: str = ""
    bank_reference: str = ""
    counterparty_name: str = ""
    counterparty_iban: str = ""
    remittance: tuple[str, ...] = ()
    creditor_reference: str = ""
    return_reason: str = ""
    counterparty_bic: str = ""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One booking on the account (Ntry). `amount` is signed: money out is negative."""

    amount: Money
    status: str
    booked: date | None
    value: date | None
    bank_reference: str
    entry_reference: str
    transaction_code: str
    proprietary_code: str
    reversal: bool
    text: str
    details: tuple[TransactionDetail, ...]
    location: Location
    payment_information_id: str = ""
    message_id: str = ""
    batch_count: int = 0


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """One statement of one account, as read: nothing is dropped, problems are attached.

    `account` is the IBAN or the bank's other id; `sequence` the electronic sequence number.
    `created_at` is None when the bank's own date and time cannot be read (then a problem says so).
    """

    statement_id: str
    account: str
    currency: str
    kind: ReportKind
    sequence: int | None
    created_at: datetime | None
    from_day: date | None
    to_day: date | None
    balances: tuple[Balance, ...]
    entries: tuple[Entry, ...]
    problems: tuple[Problem, ...]
    location: Location


class Closing(StrEnum):
    CLOSES = "closes"
    DOES_NOT_CLOSE = "does_not_close"
    NOT_CHECKABLE = "not_checkable"


class BalanceVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """Opening booked + booked entries = closing booked? `difference` is closing minus computed."""

    verdict: Closing
    reason: str
    opening: Money | None = None
    closing: Money | None = None
    difference: Money | None = None


def opening_of(statement: Statement) -> Balance | None:
    return _first(statement, BalanceType.OPBD) or _first(statement, BalanceType.PRCD)


def closing_of(statement: Statement) -> Balance | None:
    return _first(statement, BalanceType.CLBD)


def _first(statement: Statement, code: BalanceType) -> Balance | None:
    return next((balance for balance in statement.balances if balance.code == code), None)


def balance_verdict(statement: Statement) -> BalanceVerdict:
    """The gate every statement passes: a statement that does not close is shown, never hidden."""
    opening, closing = opening_of(statement), closing_of(statement)
    if opening is None or closing is None:
        missing = "opening" if opening is None else "closing"
        return BalanceVerdict(
            verdict=Closing.NOT_CHECKABLE, reason=f"the file has no {missing} booked balance"
        )
    booked = [entry for entry in statement.entries if entry.status == EntryStatus.BOOK]
    currencies = {opening.amount.currency, closing.amount.currency}
    currencies |= {entry.amount.currency for entry in booked}
    if len(currencies) > 1:
        return BalanceVerdict(
            verdict=Closing.NOT_CHECKABLE,
            reason=f"balances and entries have several currencies: {', '.join(sorted(currencies))}",
        )
    computed = opening.amount.minor + sum(entry.amount.minor for entry in booked)
    difference = Money(closing.amount.minor - computed, closing.amount.currency)
    verdict = Closing.DOES_NOT_CLOSE if difference.minor else Closing.CLOSES
    return BalanceVerdict(
        verdict=verdict,
        reason=(
            f"closing differs from opening plus {len(booked)} booked entries by {difference}"
            if difference.minor
            else f"opening plus {len(booked)} booked entries equals closing"
        ),
        opening=opening.amount,
        closing=closing.amount,
        difference=difference,
    )
