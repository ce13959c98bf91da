"""Everything known about one payment, on one page: from what was asked to what the bank said."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from nostro.domain.attempt import AttemptState
from nostro.domain.event import Event
from nostro.domain.money import Money
from nostro.domain.party import PostalAddress
from nostro.domain.payment import Route
from nostro.domain.policies.hold_evidence import ListedName, OverLimit, Piece
from nostro.storage import events, models
from nostro.storage.listing import payment
from nostro.storage.rows import PaymentRow, build, columns, money


class ApprovalRow(msgspec.Struct, frozen=True, kw_only=True):
    """One person's agreement to exactly one digest; void once `voided_at` is set."""

    person_id: str
    person_name: str
    digest: str
    approved_at: datetime
    voided_at: datetime | None


class HoldRow(msgspec.Struct, frozen=True, kw_only=True):
    """Why a person had to look, and how the hold was left."""

    id: UUID
    code: str
    sentence: str
    refers_to: str
    evidence: tuple[Piece, ...]
    opened_at: datetime
    closed_at: datetime | None
    closed_by: str
    reason: str

    @property
    def over(self) -> list[OverLimit]:
        return [piece for piece in self.evidence if isinstance(piece, OverLimit)]

    @property
    def listed(self) -> list[ListedName]:
        return [piece for piece in self.evidence if isinstance(piece, ListedName)]


class DispatchRow(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt at a bank, with the file that carried it."""

    id: UUID
    state: AttemptState
    state_since: datetime
    end_to_end_id: str
    payment_information_id: str
    uetr: UUID
    execution_date: date
    reason: str
    reason_text: str
    submission_id: UUID
    message_id: str
    file_name: str
    submission_state: str
    bank_reference: str


class FactRow(msgspec.Struct, frozen=True, kw_only=True):
    """One word of the bank about this payment, and what it did."""

    message_id: str
    status: str
    reason: str
    reason_text: str
    verdict: str
    received_at: datetime


class BookingRow(msgspec.Struct, frozen=True, kw_only=True):
    """Cash evidence: how much of which statement line was put on this payment."""

    transaction_id: UUID
    statement_id: UUID
    line: int
    amount: Money
    booked: date | None
    bank_reference: str
    match_state: str


class Dossier(msgspec.Struct, frozen=True, kw_only=True):
    """One payment with its whole story. `events` are oldest first, sealed or not."""

    payment: PaymentRow
    creditor_address: PostalAddress
    latest_date: date
    roll_rule: str
    route: Route | None
    policy_version: str
    waits_for: str
    source_changes: tuple[dict[str, str], ...]
    approvals: tuple[ApprovalRow, ...]
    holds: tuple[HoldRow, ...]
    attempts: tuple[DispatchRow, ...]
    facts: tuple[FactRow, ...]
    bookings: tuple[BookingRow, ...]
    events: tuple[Event, ...]


def dossier(order_id: UUID) -> Dossier | None:
    """The dossier of one payment; None when this customer has no such payment."""
    row = payment(order_id)
    if row is None:
        return None
    (told,) = models.Order.objects.filter(id=order_id).values(
        "creditor_address",
        "latest_date",
        "roll_rule",
        "route",
        "policy_version",
        "waits_for",
        "source_changes",
    )
    return build(
        Dossier,
        told,
        payment=row,
        approvals=_approvals(order_id),
        holds=holds(order_id),
        attempts=_attempts(order_id),
        facts=_facts(order_id),
        bookings=_bookings(order_id),
        events=events.about([order_id]),
    )


def _approvals(order_id: UUID) -> list[ApprovalRow]:
    given = models.Approval.objects.filter(order_id=order_id)
    # Asked apart, each finds its index; together they would read every approval there is.
    parts = (given.filter(voided_at__isnull=void) for void in (True, False))
    found = [row for part in parts for row in part.values("id", *columns(ApprovalRow))]
    found.sort(key=lambda row: (row["approved_at"], row["id"]))
    return [build(ApprovalRow, row) for row in found]


def holds(order_id: UUID) -> list[HoldRow]:
    """Why a person had or has to look at this payment, the oldest reason first."""
    found = models.Hold.objects.filter(order_id=order_id).order_by("opened_at", "id")
    return [build(HoldRow, row) for row in found.values(*columns(HoldRow))]


def _attempts(order_id: UUID) -> list[DispatchRow]:
    joined = {
        "message_id": "submission__message_id",
        "file_name": "submission__file_name",
        "submission_state": "submission__state",
        "bank_reference": "submission__bank_reference",
    }
    found = models.Attempt.objects.filter(order_id=order_id).order_by("id")
    return [
        build(DispatchRow, row, **_from(row, joined))
        for row in found.values(*columns(DispatchRow, *joined), *joined.values())
    ]


def _facts(order_id: UUID) -> list[FactRow]:
    found = models.Fact.objects.filter(attempt__order_id=order_id).order_by("received_at", "id")
    return [build(FactRow, row) for row in found.values(*columns(FactRow))]


def _bookings(order_id: UUID) -> list[BookingRow]:
    line = "match__transaction__"
    joined = {
        "transaction_id": "match__transaction_id",
        "statement_id": f"{line}statement_id",
        "line": f"{line}line",
        "booked": f"{line}booked",
        "bank_reference": f"{line}bank_reference",
        "match_state": "match__state",
    }
    found = models.Allocation.objects.filter(order_id=order_id).order_by("id")
    return [
        build(BookingRow, _from(row, joined), amount=money(row))
        for row in found.values("amount_minor", "currency", *joined.values())
    ]


def _from(row: Any, joined: dict[str, str]) -> dict[str, Any]:
    return {name: row[path] for name, path in joined.items()}
