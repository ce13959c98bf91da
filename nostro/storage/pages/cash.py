"""The cash position: what each account holds, as of when, from which statement, what leaves.

Amounts of different currencies are never added; an equivalent is given only with a stored rate.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

import msgspec
from django.db.models import Count, Sum

from nostro.domain.money import Money, convert
from nostro.domain.order import OrderState
from nostro.domain.statement import BalanceType
from nostro.storage import models
from nostro.storage.listing import accounts, balances
from nostro.storage.paging import every
from nostro.storage.rows import AccountRow, BalanceRow

# Agreed by people, but no statement has booked them yet.
LEAVING = (OrderState.SCHEDULED, OrderState.IN_FLIGHT, OrderState.EXECUTED)
_BOOKED = (BalanceType.CLBD, BalanceType.ITBD, BalanceType.PRCD, BalanceType.OPBD)


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """A booked balance with the day it speaks of, when we heard it, and from which statement."""

    amount: Money
    code: str
    day: date
    received_at: datetime
    statement_id: UUID
    statement_name: str
    verdict: str
    sample: bool


class AccountCash(msgspec.Struct, frozen=True, kw_only=True):
    """One account. `booked` is None until a statement came; `leaving` is not booked yet."""

    id: UUID
    name: str
    iban: str
    currency: str
    entity_name: str
    bank: str
    booked: Figure | None
    leaving: Money
    leaving_count: int


class RateUsed(msgspec.Struct, frozen=True, kw_only=True):
    """What one unit of `base` was worth in `quote` on `day`, and who says so."""

    base: str
    quote: str
    day: date
    rate: Decimal
    source: str


class CashPosition(msgspec.Struct, frozen=True, kw_only=True):
    """Every account, and the rates with which equivalents in `reporting` may be named."""

    accounts: tuple[AccountCash, ...]
    reporting: str
    rates: tuple[RateUsed, ...]

    @property
    def currencies(self) -> tuple[str, ...]:
        """The reporting currency first, then the others by code."""
        held = {account.currency for account in self.accounts}
        return tuple(sorted(held, key=lambda code: (code != self.reporting, code)))

    def equivalent(self, amounts: Iterable[Money]) -> Money | None:
        """Their sum in the reporting currency; None where a rate is missing."""
        rates = {used.base: used.rate for used in self.rates} | {self.reporting: Decimal(1)}
        sum_minor = 0
        for amount in amounts:
            if amount.currency not in rates:
                return None
            sum_minor += convert(amount, rates[amount.currency], self.reporting).minor
        return Money(sum_minor, self.reporting)


def cash_position(today: date) -> CashPosition:
    owned = list(every(accounts))
    booked = _booked()
    leaving = _leaving()
    functional = models.LegalEntity.objects.order_by("code").values_list("functional_currency")
    (reporting,) = functional.first() or ("EUR",)
    others = {account.currency for account in owned} - {reporting}
    found = [_account(account, booked, leaving) for account in owned]
    found.sort(key=lambda account: (account.entity_name, account.currency, account.name))
    return CashPosition(
        accounts=tuple(found), reporting=reporting, rates=_rates(others, reporting, today)
    )


def _account(
    account: AccountRow, booked: dict[UUID, Figure], leaving: dict[UUID, tuple[int, int]]
) -> AccountCash:
    minor, count = leaving.get(account.id, (0, 0))
    return AccountCash(
        id=account.id,
        name=account.name,
        iban=account.iban,
        currency=account.currency,
        entity_name=account.entity_name,
        bank=account.connection_name,
        booked=booked.get(account.id),
        leaving=Money(minor, account.currency),
        leaving_count=count,
    )


def _booked() -> dict[UUID, Figure]:
    """The newest booked balance of each account: the latest day, then the surest kind."""
    newest: dict[UUID, BalanceRow] = {}
    for row in every(balances):
        if row.code in _BOOKED:
            known = newest.get(row.account_id)
            if known is None or _rank(row) > _rank(known):
                newest[row.account_id] = row
    told = {
        row["id"]: row
        for row in models.Statement.objects.filter(
            id__in=[row.statement_id for row in newest.values()]
        ).values("id", "statement_id", "verdict", "sample")
    }
    return {
        account_id: Figure(
            amount=row.amount,
            code=row.code,
            day=row.day,
            received_at=row.received_at,
            statement_id=row.statement_id,
            statement_name=told[row.statement_id]["statement_id"],
            verdict=told[row.statement_id]["verdict"],
            sample=told[row.statement_id]["sample"],
        )
        for account_id, row in newest.items()
    }


def _rank(row: BalanceRow) -> tuple[date, int, datetime]:
    return row.day, -_BOOKED.index(BalanceType(row.code)), row.received_at


def _leaving() -> dict[UUID, tuple[int, int]]:
    found = (
        models.Order.objects.filter(state__in=[state.value for state in LEAVING])
        .exclude(account=None)
        .values_list("account_id")
        .annotate(minor=Sum("amount_minor"), count=Count("id"))
    )
    return {account_id: (-int(minor), count) for account_id, minor, count in found}


def _rates(bases: set[str], quote: str, today: date) -> tuple[RateUsed, ...]:
    """The newest stored rate of each currency on or before today."""
    found = (
        models.Rate.objects.filter(base__in=bases, quote=quote, day__lte=today)
        .order_by("base", "-day")
        .distinct("base")
    )
    return tuple(
        RateUsed(base=row.base, quote=row.quote, day=row.day, rate=row.rate, source=row.source)
        for row in found
    )
