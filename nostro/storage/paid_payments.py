"""Executed payments as their payees are told of them: when, by which way, for which invoices."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
from django.db.models import Max

from nostro.domain.attempt import AttemptState
from nostro.domain.match import MatchState
from nostro.domain.money import Money
from nostro.domain.order import OrderState
from nostro.domain.payee_advice import (
    PaidPayment,
    PayeeAdvice,
    check_paid,
    ending_of,
    invoices_of,
    is_paid,
    is_proven,
)
from nostro.storage import bulk, models
from nostro.storage.parties import entity_of

TOGETHER_MAX: Final = 200  # Payments in one advice; the others have advices of their own.
_NEAR: Final = timedelta(days=14)  # A bank books no further from the day that was asked for.
_PAID: Final = tuple(state.value for state in OrderState if is_paid(state))


def advice_of(order_id: UUID, *, whole_day: bool = False) -> PayeeAdvice | None:
    """What the payee of an executed payment is told; None when this customer has no such payment.

    With `whole_day` it has what the same entity paid the same payee on the same day, as far as this
    unit of work sees it. Raises Refused for a payment that is not executed (`check_paid`).
    """
    found = models.Order.objects.select_related("entity").filter(id=order_id).first()
    if found is None:
        return None
    check_paid(found.number, OrderState(found.state), _rail(found))
    (asked,) = _paid([found])
    others = _same_day(found, asked.executed_on) if whole_day else []
    return _advice(found, (asked, *others))


def advice_about(order_ids: Sequence[UUID], day: date) -> PayeeAdvice | None:
    """The same about exactly these payments of one payee, said to be executed on this day; without
    looking how they stand. None when there are none."""
    rows = list(
        models.Order.objects.select_related("entity")
        .filter(bulk.one_of("id", order_ids))
        .order_by("number")
    )
    if not rows:
        return None
    told = [msgspec.structs.replace(one, executed_on=day) for one in _paid(rows)]
    return _advice(rows[0], told)


def executed_on(order_ids: Sequence[UUID]) -> dict[UUID, date]:
    """The day that the payees of these payments are told: as in `advice_of`."""
    rows = list(models.Order.objects.filter(bulk.one_of("id", order_ids)))
    return {UUID(one.order_id): one.executed_on for one in _paid(rows)}


def still_paid(order_ids: Sequence[UUID]) -> set[UUID]:
    """Those of these payments of which their payee may be told that he is paid."""
    rows = models.Order.objects.filter(bulk.one_of("id", order_ids), state__in=_PAID)
    found = rows.only("id", "state", "route")
    return {row.id for row in found if is_proven(OrderState(row.state), _rail(row))}


def _rail(row: models.Order) -> str:
    return str((row.route or {}).get("rail", ""))


def _advice(found: models.Order, payments: Sequence[PaidPayment]) -> PayeeAdvice:
    brand = models.Customer.objects.select_related("partner").get().partner.name
    entity = entity_of(found.entity)
    return PayeeAdvice(
        brand_name=brand,
        payer_code=entity.code,
        payer_name=entity.name,
        payer_address=entity.address,
        payee_number=found.payee_number,
        payee_name=found.creditor_name,
        payments=tuple(payments),
    )


def _same_day(found: models.Order, day: date) -> list[PaidPayment]:
    """What else the payee got that day: by his number, or where there is none by his account."""
    payee: dict[str, Any] = {"order__payee_number": found.payee_number}
    if not found.payee_number:
        payee |= {
            "order__creditor_iban": found.creditor_iban,
            "order__creditor_account": found.creditor_account,
            "order__creditor_name": found.creditor_name,
        }
    near = models.Attempt.objects.filter(
        **payee,
        order__entity_id=found.entity_id,
        order__confidential=found.confidential,
        order__state__in=_PAID,
        state=AttemptState.EXECUTED.value,
        execution_date__range=(day - _NEAR, day + _NEAR),
    )
    ids = list(near.exclude(order_id=found.id).values_list("order_id", flat=True))
    rows = list(models.Order.objects.filter(bulk.one_of("id", ids)).order_by("number"))
    return [one for one in _paid(rows) if one.executed_on == day][: TOGETHER_MAX - 1]


def _paid(rows: Sequence[models.Order]) -> list[PaidPayment]:
    ids = [row.id for row in rows]
    sent = models.Attempt.objects.filter(
        bulk.one_of("order_id", ids), state=AttemptState.EXECUTED.value
    )
    attempts = {row.order_id: row for row in sent}
    booked = _booked(ids)
    return [_told(row, attempts.get(row.id), booked.get(row.id)) for row in rows]


def _booked(order_ids: Sequence[UUID]) -> dict[UUID, date]:
    """The day on which a statement shows each as booked."""
    line = "match__transaction__booked"
    found = models.Allocation.objects.filter(
        bulk.one_of("order_id", order_ids),
        match__state=MatchState.MATCHED.value,
        match__transaction__amount_minor__lt=0,
        **{f"{line}__isnull": False},
    )
    told = found.values("order_id").annotate(day=Max(line)).values_list("order_id", "day")
    return dict(told)


def _told(row: models.Order, sent: models.Attempt | None, booked: date | None) -> PaidPayment:
    """The day that a statement proves; until then the day for which the bank took it."""
    amount = Money(row.amount_minor, row.currency)
    return PaidPayment(
        order_id=str(row.id),
        number=row.number,
        amount=amount,
        executed_on=booked or (sent.execution_date if sent else row.requested_date),
        rail=_rail(row),
        end_to_end_id=sent.end_to_end_id if sent else row.end_to_end_id,
        uetr=str(sent.uetr) if sent else "",
        account_ending=ending_of(row.creditor_iban or row.creditor_account),
        invoices=invoices_of(row.invoices, amount),
        text="" if row.invoices else row.creditor_reference or row.remittance,
    )
