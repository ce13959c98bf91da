"""What waits for approval or is held, with everything a person must see before he decides."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import msgspec
from django.db.models import Avg, Count, Max

from nostro.domain.duties import Touched
from nostro.domain.money import Money
from nostro.domain.order import OrderState
from nostro.domain.policies.approval import Authorship
from nostro.storage import approvals, authorship, bulk, models
from nostro.storage.listing import payments_of
from nostro.storage.pages.holds import HoldView, holds_of
from nostro.storage.pages.payments import standings
from nostro.storage.pages.waiting import (
    CHANGED_WITHIN,
    TIMES_USUAL,
    Reader,
    WaitingFilter,
    WaitingPayments,
    waiting_payments,
)
from nostro.storage.payment_search import Wanted, funnel
from nostro.storage.rows import PaymentRow

PAGE_SIZE = 50
_MORE = ("payee_account_id", "source_changes", "policy_version", "waits_for")


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
    """One payment that a person must approve, deny or release. `approved_by` are person ids.

    `account_changed`: the payee's account changed of late, or after this payment was checked.
    """

    payment: PaymentRow
    run_id: UUID | None
    rail: str
    bank: str
    authors: Authorship
    approved_by: frozenset[str]
    rewritten: tuple[Rewritten, ...]
    holds: tuple[HoldView, ...]
    usual: Usual | None = None
    account_changed: bool = False
    policy_version: str = ""
    waits_for: str = ""  # nostro.domain.policies.approval_steps.Waits

    @property
    def unusual(self) -> list[str]:
        """How this payment differs from what is usual, by code; the query of all that wait says
        the same of whether it does."""
        amount, usual = self.payment.amount, self.usual
        large = usual is not None and amount.minor > TIMES_USUAL * usual.average.minor
        marks = {
            "was_held": bool(self.holds),
            "account_changed": self.account_changed,
            "first_payment": usual is None,
            "amount_above_usual": large,
        }
        return [code for code, so in marks.items() if so]

    @property
    def touched(self) -> Touched:
        """What a grant has to reach for somebody to decide on it."""
        row = self.payment
        account_id = str(row.account_id or "")
        return Touched(entity_id=str(row.entity_id), account_id=account_id, amount=row.amount)


class Decisions(msgspec.Struct, frozen=True, kw_only=True):
    """One page of what waits, with what tells of all of it; and how much is held."""

    page: WaitingPayments
    waiting: tuple[ToDecide, ...]
    held_count: int


def decisions(reader: Reader, wanted: WaitingFilter, cursor: str = "") -> Decisions:
    """What this person sees: PAGE_SIZE of the payments wanted.

    Raises Invalid for a cursor that is none.
    """
    found = waiting_payments(reader, wanted, limit=PAGE_SIZE, cursor=cursor)
    is_held = Wanted(state=OrderState.HELD.value)
    return Decisions(
        page=found,
        waiting=chosen([row.id for row in found.rows], reader.now),
        held_count=sum(row.count for row in funnel(is_held)),
    )


def waiting_count() -> int:
    """How many payments wait for a person: to be approved, or to leave a hold."""
    waits = (OrderState.AWAITING_APPROVAL.value, OrderState.HELD.value)
    return models.Order.objects.filter(state__in=waits).count()


def chosen(order_ids: list[UUID], now: datetime) -> tuple[ToDecide, ...]:
    """These payments as they are now, whatever their state, in the order asked."""
    return _to_decide(payments_of(order_ids), now)


def _to_decide(rows: Collection[PaymentRow], now: datetime) -> tuple[ToDecide, ...]:
    ids = [row.id for row in rows]
    authors, given, holds = authorship.authors(ids, now), approvals.given(ids), holds_of(rows)
    standing = standings(ids)
    told = models.Order.objects.filter(id__in=ids)
    more = {key: rest for key, *rest in told.values_list("id", "run_id", *_MORE)}
    changed = _changed({account for _, account, *_ in more.values() if account}, now)
    usual = _usual({row.payee_number for row in rows})
    banks = dict(models.Account.objects.values_list("id", "connection__name"))
    return tuple(
        ToDecide(
            payment=row,
            run_id=more[row.id][0],
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
                for change in more[row.id][2]
            ),
            holds=tuple(holds[row.id]),
            usual=usual.get((row.payee_number, row.amount.currency)),
            account_changed=more[row.id][1] in changed,
            policy_version=more[row.id][3],
            waits_for=more[row.id][4],
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


def _changed(account_ids: set[UUID], now: datetime) -> set[UUID]:
    """Those versions of payees' accounts that are new of late, or not the newest any more."""
    found = models.PayeeAccount.objects.filter(bulk.one_of("id", account_ids))
    rows = list(found.values_list("id", "payee_id", "version", "valid_from"))
    same = models.PayeeAccount.objects.filter(bulk.one_of("payee_id", {row[1] for row in rows}))
    newest = dict(same.values_list("payee_id").annotate(newest=Max("version")))
    since = now - CHANGED_WITHIN
    return {
        account_id
        for account_id, payee_id, version, valid_from in rows
        if (version > 1 and valid_from >= since) or newest[payee_id] > version
    }
