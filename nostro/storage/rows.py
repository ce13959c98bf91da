"""What people and programs read: frozen rows, filled from the database, never written back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from nostro.domain.case import CaseState
from nostro.domain.event import Event
from nostro.domain.local_account import LocalAccount, told
from nostro.domain.match import MatchState
from nostro.domain.money import Money
from nostro.domain.order import OrderState

Row = TypeVar("Row", bound=msgspec.Struct)


class PaymentRow(msgspec.Struct, frozen=True, kw_only=True):
    """One payment order in a list. `account_*` is empty until a route is proposed."""

    id: UUID
    number: str
    state: OrderState
    state_since: datetime
    source: str
    source_reference: str
    entity_id: UUID
    entity_code: str
    entity_name: str
    account_id: UUID | None
    account_name: str
    amount: Money
    payee_number: str
    creditor_name: str
    creditor_iban: str
    creditor_account: str
    creditor_bic: str
    requested_date: date
    end_to_end_id: str
    remittance: str
    creditor_reference: str
    invoices: tuple[str, ...]
    approval_digest: str
    maker_id: str
    maker_name: str
    created_at: datetime
    approved_by: tuple[str, ...] = ()  # Names of those whose approval still counts.
    held_for: tuple[str, ...] = ()  # Why a person must look: sentences of the open holds.

    @property
    def creditor_number(self) -> str:
        """What names the payee's account, whichever it is; "" for a cheque."""
        return self.creditor_iban or self.creditor_account

    @property
    def local_account(self) -> LocalAccount | None:
        """The payee's account by its parts where it has no IBAN."""
        return told(self.creditor_account)


class StateTotal(msgspec.Struct, frozen=True, kw_only=True):
    """How many payments stand in one state, and their sum in one currency."""

    state: OrderState
    count: int
    total: Money


class SourceTotal(msgspec.Struct, frozen=True, kw_only=True):
    """How many payments of one source and entity go to a payee as that source numbers him, and
    their sum in one currency."""

    source: str
    entity_code: str
    payee_number: str
    count: int
    total: Money


class StatementRow(msgspec.Struct, frozen=True, kw_only=True):
    """One statement with its balance verdict; `unmatched` counts its unexplained lines."""

    id: UUID
    account_id: UUID
    account_name: str
    account_iban: str
    statement_id: str
    kind: str
    sequence: int | None
    currency: str
    from_day: date | None
    to_day: date | None
    opening: Money | None
    closing: Money | None
    entry_count: int
    unmatched: int
    verdict: str
    verdict_reason: str
    problems: tuple[dict[str, Any], ...]
    bank_created_at: datetime | None
    received_at: datetime
    sample: bool


class TransactionRow(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a statement; money out is negative. `details` are its single payments."""

    id: UUID
    statement_id: UUID
    account_id: UUID
    line: int
    amount: Money
    status: str
    booked: date | None
    value: date | None
    bank_reference: str
    end_to_end_id: str
    payment_information_id: str
    batch_count: int
    counterparty_name: str
    counterparty_iban: str
    remittance: str
    transaction_code: str
    match_state: MatchState
    details: tuple[dict[str, Any], ...]


class AccountRow(msgspec.Struct, frozen=True, kw_only=True):
    """One of the customer's own bank accounts."""

    id: UUID
    name: str
    iban: str
    local_account: str
    bic: str
    currency: str
    entity_id: UUID
    entity_code: str
    entity_name: str
    connection_id: UUID
    connection_name: str

    @property
    def account(self) -> LocalAccount | None:
        """The account by its parts where it has no IBAN."""
        return told(self.local_account)


class BalanceRow(msgspec.Struct, frozen=True, kw_only=True):
    """The newest balance of one kind on one account: of which day, and when we heard it."""

    id: UUID
    account_id: UUID
    account_name: str
    account_iban: str
    entity_code: str
    entity_name: str
    code: str
    amount: Money
    day: date
    received_at: datetime
    statement_id: UUID


class CaseRow(msgspec.Struct, frozen=True, kw_only=True):
    """Something a person must look at, what it is about, and until when."""

    id: UUID
    kind: str
    state: CaseState
    sentence: str
    can_do: str
    owner: str
    due_at: datetime
    opened_at: datetime
    resolved_at: datetime | None
    order_id: UUID | None
    submission_id: UUID | None
    statement_id: UUID | None


class SealedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event with its place in the customer's chain."""

    position: int
    hash: str
    sealed_at: datetime
    event: Event


class SealLag(msgspec.Struct, frozen=True, kw_only=True):
    """How far the seal is behind: events that wait, and since when the oldest does."""

    unsealed: int
    oldest_at: datetime | None


class EventPage(msgspec.Struct, frozen=True, kw_only=True):
    """Sealed events in the order of their positions. `last` is where to go on from."""

    rows: tuple[SealedEvent, ...]
    last: int
    more: bool
    lag: SealLag


def columns(kind: type[msgspec.Struct], *others: str) -> list[str]:
    """The columns that fill a row: its field names without those that come from elsewhere."""
    return [name for name in kind.__struct_fields__ if name not in others]


def build(kind: type[Row], found: Mapping[str, Any], **given: Any) -> Row:
    """A row from a database row and what was worked out for it; types are checked."""
    return msgspec.convert({**found, **given}, kind)


def money(found: Mapping[str, Any], column: str = "amount_minor") -> Money | None:
    """The amount in a database row, in its own currency; None where the bank gave none."""
    return None if found[column] is None else Money(found[column], found["currency"])
