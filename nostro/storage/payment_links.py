"""What a payment is tied to: the one that it replaces, the one that replaces it, and its cases."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from nostro.domain.case import CaseKind
from nostro.domain.check_state import CheckState
from nostro.domain.money import Money
from nostro.domain.order import OrderState
from nostro.storage import models
from nostro.storage.rows import CaseRow, build, columns, money

CHAIN_MAX = 100  # Nobody re-issues a payment that often.


class LinkedPayment(msgspec.Struct, frozen=True, kw_only=True):
    """Another payment, as far as it matters here."""

    id: UUID
    number: str
    state: OrderState
    amount: Money


class Links(msgspec.Struct, frozen=True, kw_only=True):
    """`replaces` and `replaced_by` are None where there is no such payment; cases newest first."""

    replaces: LinkedPayment | None
    replaced_by: LinkedPayment | None
    cases: tuple[CaseRow, ...]


def links(order_id: UUID) -> Links:
    return Links(
        replaces=_replaced(order_id),
        replaced_by=replacement(order_id),
        cases=cases_of(order_id),
    )


def replacement(order_id: UUID) -> LinkedPayment | None:
    """The payment that was made in place of this one."""
    return _linked(models.Order.objects.filter(replaces_id=order_id))


def last_of(order_id: UUID) -> UUID:
    """The last payment that was made in place of this one; itself where there is none."""
    last, after, steps = order_id, replacement(order_id), 0
    while after and steps < CHAIN_MAX:
        last, after, steps = after.id, replacement(after.id), steps + 1
    return last


def replaced_before(order_id: UUID) -> list[LinkedPayment]:
    """The payments that this one is made in place of, the newest first."""
    found: list[LinkedPayment] = []
    before = _replaced(order_id)
    while before and len(found) < CHAIN_MAX:
        found.append(before)
        before = _replaced(before.id)
    return found


def is_contradicted(order_id: UUID) -> bool:
    """Is a case open because the bank said two things about it that cannot both be true?"""
    found = models.Case.objects.filter(order_id=order_id, kind=CaseKind.CONTRADICTION.value)
    return found.filter(resolved_at__isnull=True).exists()


def live_check(order_id: UUID) -> tuple[str, str] | None:
    """Number and state of its check, unless there is none or the bank knows that it is dead. A
    refused file brings it back to life, and the bank may have paid one that was stopped."""
    dead = [CheckState.VOID.value, CheckState.STOPPED.value]
    found = models.IssuedCheck.objects.filter(order_id=order_id).exclude(state__in=dead)
    return found.values_list("number", "state").first()


def cases_of(order_id: UUID) -> tuple[CaseRow, ...]:
    found = models.Case.objects.filter(order_id=order_id).order_by("-opened_at", "-id")
    return tuple(build(CaseRow, row) for row in found.values(*columns(CaseRow)))


def _replaced(order_id: UUID) -> LinkedPayment | None:
    ids = models.Order.objects.filter(id=order_id, replaces_id__isnull=False)
    before = ids.values_list("replaces_id", flat=True).first()
    return _linked(models.Order.objects.filter(id=before)) if before else None


def _linked(found: Any) -> LinkedPayment | None:
    row = found.order_by("id").values("id", "number", "state", "amount_minor", "currency").first()
    return build(LinkedPayment, row, amount=money(row)) if row else None
