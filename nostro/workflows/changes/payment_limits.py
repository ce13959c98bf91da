"""How much may be paid: in one payment, and in a day by all, from an account, to a payee."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from nostro.domain.dry_run import DryRun
from nostro.domain.errors import Invalid
from nostro.domain.policies import payment_limits as policy
from nostro.domain.policies.approval_words import write_when
from nostro.domain.policies.checks import Finding
from nostro.domain.policies.limit_words import (
    read_effect,
    read_limit,
    read_narrowing,
    write_effect,
    write_limit,
)
from nostro.domain.policies.payment_limits import DaySums, Limit, PaymentLimits
from nostro.storage import day_sums
from nostro.storage.orders import OrderRow
from nostro.workflows.context import Acting
from nostro.workflows.past_replay import replayed
from nostro.workflows.policy_changes import WantedPolicy, policy_kind
from nostro.workflows.rule_names import NO_NAMES, known_names

LIMITS_MAX = 50


class WantedLimit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One limit in words: see nostro.domain.policies.limit_words."""

    name: str
    limit: str
    when: str
    effect: str


class WantedLimits(WantedPolicy, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All limits as they are to be; what is left out is not kept."""

    limits: tuple[WantedLimit, ...] = ()


def _read(wanted: WantedLimits) -> PaymentLimits:
    names = [one.name.strip() for one in wanted.limits]
    if len(names) > LIMITS_MAX or not all(names) or len(set(names)) != len(names):
        raise Invalid(
            "rules_unnamed",
            f"Each limit has a name of its own, and there are {LIMITS_MAX} at most.",
            "Nothing was asked for.",
            "Name the limits so that people know which one a payment is above.",
            field="limits",
        )
    return PaymentLimits(limits=tuple(_limit(one) for one in wanted.limits))


def _limit(wanted: WantedLimit) -> Limit:
    most, per = read_limit(wanted.limit)
    return Limit(
        name=wanted.name.strip(),
        most=most,
        per=per,
        where=read_narrowing(wanted.when, known_names()),
        effect=read_effect(wanted.effect),
    )


def _write(limits: PaymentLimits) -> WantedLimits:
    names = known_names() if limits.limits else NO_NAMES
    return WantedLimits(
        limits=tuple(
            WantedLimit(
                name=one.name,
                limit=write_limit(one.most, one.per),
                when=write_when(one.where, names),
                effect=write_effect(one.effect),
            )
            for one in limits.limits
        )
    )


def _tell(limits: PaymentLimits) -> dict[str, Any]:
    written = _write(limits).limits
    return {"limits": [f"{one.name} | {one.limit} | {one.when} | {one.effect}" for one in written]}


def _try(_: Acting, limits: PaymentLimits, since: datetime) -> DryRun:
    def replay(rows: Sequence[OrderRow]) -> list[list[Finding]]:
        sums = DaySums(limits)
        return [_found(sums, row) for row in rows]

    return replayed(since, {policy.EXCEEDED}, replay)


def _found(sums: DaySums, row: OrderRow) -> list[Finding]:
    matter, on = row.matter(), row.instruction.requested_date
    found = policy.finding(matter, on, sums.broken(matter, on), confidential=False)
    if found:
        return [found]
    if row.state in day_sums.COUNTING:
        sums.add(matter, on, confidential=False)
    return []


KIND = policy_kind(
    PaymentLimits,
    name="payment_limits",
    title="How much may be paid",
    wanted=WantedLimits,
    read=_read,
    tell=_tell,
    write=_write,
    counts_people=True,  # Who changes limits has no say in payments under them.
    dry_run=_try,
)
