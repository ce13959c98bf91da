"""What bookings, returns and corrections name: our payments by any key, and facts by payment."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from uuid import UUID

import msgspec
from django.db.models import Q

from nostro.domain.attempt import AttemptState
from nostro.domain.money import Money
from nostro.domain.order import OrderState
from nostro.storage import bulk, models, queries


class PaymentKeys(msgspec.Struct, frozen=True, kw_only=True):
    """Everything by which a message may name payments of ours."""

    end_to_end_ids: frozenset[str] = frozenset()
    uetrs: frozenset[UUID] = frozenset()
    bank_references: frozenset[str] = frozenset()
    rail_references: frozenset[str] = frozenset()
    batches: frozenset[str] = frozenset()


class NamedPayment(msgspec.Struct, frozen=True, kw_only=True):
    """A payment that has left, with its order, as a booking or a return needs to see it."""

    attempt_id: UUID
    order_id: UUID
    submission_id: UUID
    number: str
    state: AttemptState
    order_state: OrderState
    end_to_end_id: str
    payment_information_id: str
    uetr: UUID
    rail_reference: str
    bank_reference: str
    amount: Money
    returned_minor: int
    payee_id: UUID | None
    payee_number: str


class StoredFact(msgspec.Struct, frozen=True, kw_only=True):
    """A booking that names one payment or one batch of a file. Money out is negative."""

    id: UUID
    kind: str
    attempt_id: UUID | None
    submission_id: UUID | None
    original_message_id: str
    amount: Money
    reason: str
    booked_on: date | None
    identity: str
    verdict: str


def named(
    keys: PaymentKeys, *, account_id: UUID | None = None, connection_id: UUID | None = None
) -> list[NamedPayment]:
    """Payments of one account, or sent over one connection, that any of the keys names."""
    wanted = (
        Q(end_to_end_id__in=keys.end_to_end_ids)
        | Q(uetr__in=keys.uetrs)
        | Q(bank_reference__in=keys.bank_references)
        | Q(rail_reference__in=keys.rail_references)
        | Q(payment_information_id__in=keys.batches)
    )
    rows = (
        models.Attempt.objects.filter(wanted)
        .exclude(state=AttemptState.PREPARED)
        .select_related("order__payee_account")
    )
    if account_id:
        rows = rows.filter(order__account_id=account_id)
    if connection_id:
        rows = rows.filter(submission__connection_id=connection_id)
    return [_named(row) for row in rows.order_by("id")]


def payments(attempt_ids: Collection[UUID]) -> dict[UUID, NamedPayment]:
    """The payments as they are now, by attempt."""
    rows = models.Attempt.objects.filter(bulk.one_of("id", attempt_ids))
    return {row.id: _named(row) for row in rows.select_related("order__payee_account")}


def _named(row: models.Attempt) -> NamedPayment:
    account = row.order.payee_account
    return NamedPayment(
        attempt_id=row.id,
        order_id=row.order_id,
        submission_id=row.submission_id,
        number=row.order.number,
        state=AttemptState(row.state),
        order_state=OrderState(row.order.state),
        end_to_end_id=row.end_to_end_id,
        payment_information_id=row.payment_information_id,
        uetr=row.uetr,
        rail_reference=row.rail_reference,
        bank_reference=row.bank_reference,
        amount=Money(row.order.amount_minor, row.order.currency),
        returned_minor=row.order.returned_minor,
        payee_id=account.payee_id if account else None,
        payee_number=row.order.payee_number,
    )


def bookings(attempt_ids: Collection[UUID], status: str) -> list[StoredFact]:
    """All facts with money and this status about these payments, whichever message told them."""
    return _stored(Q(attempt_id__in=attempt_ids, status=status))


def batch_bookings(batches: Collection[str], status: str) -> list[StoredFact]:
    """All bookings of whole batches of ours: `original_message_id` is the PmtInfId."""
    return _stored(Q(attempt__isnull=True, original_message_id__in=batches, status=status))


def _stored(wanted: Q) -> list[StoredFact]:
    rows = models.Fact.objects.filter(wanted, amount_minor__isnull=False)
    return [
        StoredFact(
            id=row.id,
            kind=row.kind,
            attempt_id=row.attempt_id,
            submission_id=row.submission_id,
            original_message_id=row.original_message_id,
            amount=Money(row.amount_minor or 0, row.currency),
            reason=row.reason,
            booked_on=row.booked_on,
            identity=row.identity,
            verdict=row.verdict,
        )
        for row in rows.order_by("id")
    ]


def remember_bank_references(references: Mapping[UUID, str]) -> None:
    """Keep the bank's own reference of each attempt, unless it gave one before."""
    told = {attempt_id: reference for attempt_id, reference in references.items() if reference}
    if told:
        queries.run("remember_bank_references", ids=list(told), references=list(told.values()))


def set_returned(order_id: UUID, returned: Money) -> None:
    """How much of a payment has come back so far; the order is locked."""
    models.Order.objects.filter(id=order_id).update(returned_minor=returned.minor)
