"""How much is paid in a day, as limits count it: one question for a whole set of payments."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any, Final
from uuid import UUID

import msgspec

from nostro.domain.attempt import FREES_THE_ORDER
from nostro.domain.order import OrderState
from nostro.domain.policies.payment_limits import EXCEEDED, DaySums, Limit, PaymentLimits, Spent
from nostro.storage import bulk, models, queries
from nostro.storage.tenancy import current

_S = OrderState
# A payment counts when it is under way or paid: not while a person has yet to look at it, not when
# it ended without a booking. What came back was paid that day all the same.
_WAITING: Final = (_S.AWAITING_APPROVAL, _S.APPROVED, _S.SCHEDULED)
COUNTING: Final = frozenset(
    {
        *_WAITING,
        *(_S.IN_FLIGHT, _S.EXECUTED, _S.SETTLED),
        *(_S.RETURNED, _S.PARTIALLY_RETURNED, _S.RECALLED),
    }
)
LATE_DAYS: Final = 10  # No payment leaves later after the day asked for than instructing allows.


class DayQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """The sums of these days, of these payees where a limit is by payee, apart from payments with
    these numbers. `leaving`: by the day of the file that they leave in, instead of the day that
    they are asked for."""

    days: Collection[date]
    payee_numbers: Collection[str]
    currencies: Collection[str]
    today: date
    apart_from: Collection[str] = ()
    leaving: bool = False


def day_sums(policy: PaymentLimits, asked: DayQuestion) -> DaySums:
    """What counts before these payments; nothing is asked where no limit is of a day.

    Whoever comes next must wait until this unit of work ends: see `one_after_another`.
    """
    sums = DaySums(policy)
    limits = [one for one in policy.of_a_day() if _may_count(one[1], asked.currencies)]
    if not limits or not asked.days:
        return sums
    ways: dict[str, Any] = {
        "day_sums": {"today": asked.today, "late_days": LATE_DAYS, "waiting": list(_WAITING)},
        "day_sums_leaving": {"without_effect": sorted(FREES_THE_ORDER)},
    }
    way = "day_sums_leaving" if asked.leaving else "day_sums"
    found = queries.rows(
        way,
        tenant_id=current(),
        limits=msgspec.json.encode([_narrowed(at, limit) for at, limit in limits]).decode(),
        days=sorted(asked.days),
        payees=sorted(asked.payee_numbers),
        apart_from=sorted(asked.apart_from),
        counting=sorted(COUNTING),
        **ways[way],
    )
    for row in found:
        told = Spent(row["count"], row["minor"], row["hidden"], row["hidden_minor"])
        sums.put(row["at"], row["day"], row["key"], told)
    return sums


def one_after_another() -> None:
    """Payments are counted one set after another: from here until this unit of work ends."""
    models.Customer.objects.select_for_update(no_key=True).get(id=current())


def _may_count(limit: Limit, currencies: Collection[str]) -> bool:
    above = limit.where.above
    return limit.most.currency in currencies and (
        above is None or above.currency == limit.most.currency
    )


def _narrowed(at: int, limit: Limit) -> dict[str, Any]:
    """A limit as its query reads it: what does not narrow it is left out."""
    where = limit.where
    told = {
        "currencies": where.currencies,
        "entity_ids": where.entity_ids,
        "account_ids": where.account_ids,
        "payee_numbers": where.payee_numbers,
        "rails": where.rails,
        "sources": where.sources,
    }
    narrowing = {name: list(values) for name, values in told.items() if values}
    above = {"above": where.above.minor} if where.above else {}
    return {"at": at, "per": limit.per, "currency": limit.most.currency, **narrowing, **above}


def let_go(order_ids: Collection[UUID], code: str = EXCEEDED) -> dict[UUID, str]:
    """Past which limits, or other rules of that code, people let each of these payments go."""
    found = models.Hold.objects.filter(
        bulk.one_of("order_id", order_ids), code=code, closed_at__isnull=False
    )
    told: dict[UUID, str] = {}
    for order_id, marks in found.values_list("order_id", "refers_to"):
        told[order_id] = f"{told.get(order_id, '')} {marks}".strip()
    return told
