"""Payments that later ones may repeat, whatever their source: one question for a whole set."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

from nostro.domain.money import Money
from nostro.domain.order import OrderState
from nostro.domain.payment import PaymentRequest
from nostro.domain.policies.duplicates import DuplicateRules, EarlierPayment, signature
from nostro.storage.orders import OrderRow
from nostro.storage.tenancy import current

# A payment in these states will never move money: it does not make another one a duplicate.
_NEVER_PAID = tuple(
    state.value
    for state in (
        OrderState.INVALID,
        OrderState.DENIED,
        OrderState.CANCELLED,
        OrderState.EXPIRED,
        OrderState.REJECTED,
        OrderState.FAILED,
    )
)


def question(
    asked: Sequence[tuple[str, PaymentRequest]], rules: DuplicateRules, today: date
) -> dict[str, Any]:
    """The parameters of the query `earlier_payments` for requests with their payees' numbers;
    a day that is over is paid today."""
    payees = sorted({(payee, request.amount.minor) for payee, request in asked})
    accounts = {
        (request.creditor_iban, request.creditor_account, request.amount.minor)
        for _, request in asked
    }
    ibans = sorted({(iban, minor) for iban, _, minor in accounts if iban})
    local = sorted({(account, minor) for iban, account, minor in accounts if account and not iban})
    invoices = {invoice for _, request in asked for invoice in request.invoices}
    days = {
        day
        for _, request in asked
        if not request.invoices
        for day in (request.requested_date, max(request.requested_date, today))
    }
    first = min([today, *(request.requested_date for _, request in asked)])
    return {
        "tenant_id": current(),
        "payees": [payee for payee, _ in payees],
        "payee_amounts": [minor for _, minor in payees],
        "ibans": [iban for iban, _ in ibans],
        "iban_amounts": [minor for _, minor in ibans],
        "locals": [account for account, _ in local],
        "local_amounts": [minor for _, minor in local],
        "invoices": sorted(invoices),
        "signatures": sorted({signature(invoice) for invoice in invoices}),
        "days": sorted(days),
        "since": today - timedelta(days=rules.window_days),
        "routine_from": rules.routine_from,
        "routine_since": _before(first, rules.swapped_days),
        "never_paid": list(_NEVER_PAID),
    }


def earlier_in(found: Iterable[dict[str, Any]]) -> list[EarlierPayment]:
    """What the query answered."""
    return [
        EarlierPayment(
            number=row["number"],
            source=row["source"],
            payee_number=row["payee_number"],
            account=row["account"],
            amount=Money(row["amount_minor"], row["currency"]),
            requested_date=row["requested_date"],
            state=OrderState(row["state"]),
            invoices=tuple(row["invoices"]),
            text=row["text"],
            confidential=row["confidential"],
        )
        for row in found
    ]


def as_earlier(order: OrderRow) -> EarlierPayment:
    """An order as those after it are compared with it."""
    told = order.instruction
    return EarlierPayment(
        number=order.number,
        source=order.source,
        payee_number=order.payee_number,
        account=told.creditor_number,
        amount=told.amount,
        requested_date=told.requested_date,
        state=order.state,
        invoices=order.invoices,
        text=told.remittance or told.creditor_reference,
        confidential=order.confidential,
    )


def may_be_paid(order: OrderRow) -> bool:
    return order.state.value not in _NEVER_PAID


def _before(day: date, days: int) -> date:
    """So many days before; the first day that there is, where somebody asked for the year 1."""
    return date.fromordinal(max(date.min.toordinal(), day.toordinal() - days))
