"""What waits for approval or is held, with everything a person must see before he decides."""

from __future__ import annotations

from uuid import UUID

import msgspec
from django.db.models import Avg, Count

from nostro.domain.money import Money
from nostro.domain.order import OrderState
from nostro.domain.policies.approval import Authorship
from nostro.storage import models, orders
from nostro.storage.listing import payments_of
from nostro.storage.pages.holds import HoldView, holds_of
from nostro.storage.pages.payments import standings
from nostro.storage.paging import LIMIT_MAX, Page
from nostro.storage.payment_search import Wanted, payments
from nostro.storage.rows import PaymentRow

SHOWN_MAX = 500


class Rewritten(msgspec.Struct, frozen=True, kw_only=True):
    """A text that the source wrote and the rail cannot carry, and what will be sent instead."""

    field: str
    before: str
    after: str


class Usual(msgspec.Struct, frozen=True, kw_only=True):
    """What this payee was paid before in this currency: how often, and how much on average."""

    count: int
    average: Money


class ToDecide(msgspec.Struct, frozen=True, kw_only=True):
    """One payment that a person must approve, deny or release. `approved_by` are person ids."""

    payment: PaymentRow
    rail: str
    bank: str
    authors: Authorship
    approved_by: frozenset[str]
    rewritten: tuple[Rewritten, ...]
    holds: tuple[HoldView, ...]
    usual: Usual | None = None


class Decisions(msgspec.Struct, frozen=True, kw_only=True):
    """`more` says that the lists were cut at SHOWN_MAX payments."""

    waiting: tuple[ToDecide, ...]
    held: tuple[ToDecide, ...]
    more: bool


def decisions() -> Decisions:
    waiting, more_waiting = _in_state(OrderState.AWAITING_APPROVAL)
    held, more_held = _in_state(OrderState.HELD)
    return Decisions(
        waiting=_to_decide(waiting), held=_to_decide(held), more=more_waiting or more_held
    )


def waiting_count() -> int:
    """How many payments wait for a person: to be approved, or to leave a hold."""
    waits = (OrderState.AWAITING_APPROVAL.value, OrderState.HELD.value)
    return models.Order.objects.filter(state__in=waits).count()


def chosen(order_ids: list[UUID]) -> tuple[ToDecide, ...]:
    """These payments as they are now, whatever their state, in the order asked."""
    return _to_decide(payments_of(order_ids))


def _in_state(state: OrderState) -> tuple[list[PaymentRow], bool]:
    rows: list[PaymentRow] = []
    wanted = Wanted(state=state.value)
    page: Page[PaymentRow] = payments(wanted, limit=LIMIT_MAX)
    rows += page.rows
    while page.next and len(rows) < SHOWN_MAX:
        page = payments(wanted, limit=LIMIT_MAX, cursor=page.next)
        rows += page.rows
    return sorted(rows[:SHOWN_MAX], key=lambda row: row.number), bool(page.next)


def _to_decide(rows: list[PaymentRow] | tuple[PaymentRow, ...]) -> tuple[ToDecide, ...]:
    ids = [row.id for row in rows]
    authors, given, holds = orders.authors(ids), orders.approvals(ids), holds_of(rows)
    standing = standings(ids)
    changes = dict(models.Order.objects.filter(id__in=ids).values_list("id", "source_changes"))
    usual = _usual({row.payee_number for row in rows})
    banks = dict(models.Account.objects.values_list("id", "connection__name"))
    return tuple(
        ToDecide(
            payment=row,
            rail=standing[row.id].rail,
            bank=banks.get(row.account_id, "") if row.account_id else "",
            authors=authors[row.id],
            approved_by=frozenset(given[row.id]),
            rewritten=tuple(
                Rewritten(
                    field=change.get("field", ""),
                    before=change.get("from", ""),
                    after=change.get("to", ""),
                )
                for change in changes.get(row.id, ())
            ),
            holds=tuple(holds[row.id]),
            usual=usual.get((row.payee_number, row.amount.currency)),
        )
        for row in rows
    )


def _usual(payee_numbers: set[str]) -> dict[tuple[str, str], Usual]:
    """By payee and currency, from the payments that cash evidence settled."""
    found = (
        models.Order.objects.filter(payee_number__in=payee_numbers, state=OrderState.SETTLED.value)
        .values("payee_number", "currency")
        .annotate(count=Count("id"), average=Avg("amount_minor"))
    )
    return {
        (row["payee_number"], row["currency"]): Usual(
            count=row["count"], average=Money(round(row["average"]), row["currency"])
        )
        for row in found
    }
