"""How much may be paid: in one payment, and in a day by all, from an account, to a payee.

Amounts are never converted: a limit counts payments of its own currency only. What breaks several
limits is told once, with every limit that it breaks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from enum import StrEnum
from typing import ClassVar, Final

import msgspec

from nostro.domain.canonical import digest
from nostro.domain.money import Money
from nostro.domain.policies.approval_steps import Matter, Where
from nostro.domain.policies.checks import Effect, Finding, day
from nostro.domain.policies.hold_evidence import OverLimit
from nostro.domain.policies.limits import spelled
from nostro.domain.policy import Policy

EXCEEDED: Final = "limit_exceeded"
_MARK = 16  # Letters of a limit's digest: enough to tell it from every other one of a customer.


class Per(StrEnum):
    """What a limit is counted over."""

    PAYMENT = "payment"
    DAY = "day"  # Of all payments.
    DAY_ACCOUNT = "day by account"  # Of those from one account.
    DAY_PAYEE = "day by payee"  # Of those to one payee.


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """At most so much, for the payments that `where` is for. Above it a payment waits for a
    person (`hold`) or is not taken (`invalid`)."""

    name: str
    most: Money
    per: Per
    where: Where = Where()
    effect: Effect = Effect.HOLD

    def counts(self, matter: Matter) -> bool:
        return matter.amount.currency == self.most.currency and self.where.holds(matter)

    def key(self, matter: Matter) -> str:
        """What the sums of a day are kept apart by."""
        keys = {Per.DAY_ACCOUNT: matter.account_id, Per.DAY_PAYEE: matter.payee_number}
        return keys.get(self.per, "")

    def mark(self) -> str:
        """This limit as it is, in few letters: whoever lets a payment go lets it go past this."""
        return digest(self)[:_MARK]


class PaymentLimits(Policy, frozen=True, kw_only=True):
    """Every limit; without any, nothing is limited but by who may approve it."""

    KIND: ClassVar[str] = "payment_limits"

    limits: tuple[Limit, ...] = ()

    def of_a_day(self) -> list[tuple[int, Limit]]:
        """Those that count what else is paid that day, with their place."""
        found = enumerate(self.limits)
        return [(at, limit) for at, limit in found if limit.per is not Per.PAYMENT]


class Spent(msgspec.Struct, frozen=True):
    """So many payments and their sum; `hidden` of them are confidential, with their sum."""

    count: int = 0
    minor: int = 0
    hidden: int = 0
    hidden_minor: int = 0

    def seen(self, confidential: bool) -> Spent:
        """What of it may be told with a payment that is, or is not, confidential itself."""
        if confidential:
            return self
        return Spent(self.count - self.hidden, self.minor - self.hidden_minor)


class DaySums:
    """What counts against the limits of a day, by limit, day, and account or payee."""

    def __init__(self, policy: PaymentLimits) -> None:
        self.policy = policy
        self._sums: dict[tuple[int, date, str], Spent] = {}

    def put(self, at: int, on: date, key: str, spent: Spent) -> None:
        """What was spent before under the limit in this place."""
        self._sums[at, on, key] = spent

    def add(self, matter: Matter, on: date, *, confidential: bool) -> None:
        """This payment counts from now on."""
        minor = matter.amount.minor
        for at, limit in self.policy.of_a_day():
            if not limit.counts(matter):
                continue
            place = (at, on, limit.key(matter))
            before = self._sums.get(place, Spent())
            self._sums[place] = Spent(
                before.count + 1,
                before.minor + minor,
                before.hidden + confidential,
                before.hidden_minor + minor * confidential,
            )

    def broken(self, matter: Matter, on: date) -> list[tuple[Limit, Spent]]:
        """Every limit that this payment breaks, with what else counts there."""
        return list(self._broken(matter, on))

    def _broken(self, matter: Matter, on: date) -> Iterator[tuple[Limit, Spent]]:
        for at, limit in enumerate(self.policy.limits):
            if not limit.counts(matter):
                continue
            spent = Spent()
            if limit.per is not Per.PAYMENT:
                spent = self._sums.get((at, on, limit.key(matter)), spent)
            if spent.minor + matter.amount.minor > limit.most.minor:
                yield limit, spent


def finding(
    matter: Matter, on: date, broken: Sequence[tuple[Limit, Spent]], *, confidential: bool
) -> Finding | None:
    """All broken limits as one reason; None where none is. Of confidential payments that count,
    a payment that is not says only that there are some."""
    if not broken:
        return None
    told = " ".join(_told(matter, on, one, spent, confidential) for one, spent in broken)
    first = "It is above a limit" if len(broken) == 1 else f"It is above {len(broken)} limits"
    refused = any(limit.effect is Effect.INVALID for limit, _ in broken)
    return Finding(
        code=EXCEEDED,
        effect=Effect.INVALID if refused else Effect.HOLD,
        sentence=f"{first}. {told}",
        refers_to=" ".join(limit.mark() for limit, _ in broken),
        evidence=tuple(_piece(matter, on, one, spent, confidential) for one, spent in broken),
    )


def still_asks(broken: Sequence[tuple[Limit, Spent]], let_go: str) -> bool:
    """Whether a payment is above a limit that nobody let it go past. `let_go` is what the holds
    refer to that people left."""
    past = set(let_go.split())
    return any(limit.mark() not in past for limit, _ in broken)


def as_hold(found: Finding) -> Finding:
    """The same for a payment that is approved already: it is not refused any more, only held."""
    return msgspec.structs.replace(found, effect=Effect.HOLD)


def _told(matter: Matter, on: date, limit: Limit, spent: Spent, confidential: bool) -> str:
    most = f"{limit.name}: at most {spelled(limit.most)} a {limit.per}"
    if limit.per is Per.PAYMENT:
        return f"{most}, this is {spelled(matter.amount)}."
    currency, seen = limit.most.currency, spent.seen(confidential)
    others = "no other payment"
    if seen.count:
        payments = "1 other payment" if seen.count == 1 else f"{seen.count} other payments"
        others = f"{payments} ({spelled(Money(seen.minor, currency))})"
    if seen.count != spent.count:
        return f"{most}; beside {others} of {day(on)} confidential ones count that are not told."
    comes_to = spelled(Money(spent.minor + matter.amount.minor, currency))
    return (
        f"{most}; with {others} of {day(on)}, under way or paid, those that came with it among"
        f" them, it comes to {comes_to}."
    )


def _piece(matter: Matter, on: date, limit: Limit, spent: Spent, confidential: bool) -> OverLimit:
    """The same as figures."""
    currency, of_a_day = limit.most.currency, limit.per is not Per.PAYMENT
    seen = spent.seen(confidential)
    untold = seen.count != spent.count
    over = spent.minor + matter.amount.minor - limit.most.minor
    return OverLimit(
        limit=limit.name,
        most=limit.most,
        per=limit.per.value,
        this=matter.amount,
        day=on if of_a_day else None,
        others=seen.count,
        others_sum=Money(seen.minor, currency) if of_a_day else None,
        others_untold=untold,
        over_by=None if untold else Money(over, currency),
    )
