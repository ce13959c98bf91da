"""Rules held against past payments one by one: what other rules would have made of each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from nostro.domain.dry_run import SHOWN_MAX, Different, DryRun
from nostro.domain.policies.limits import spelled
from nostro.storage import past_payments
from nostro.storage.orders import OrderRow
from nostro.workflows.context import Acting

LOOKED_AT_MAX = 20_000
TIME_MAX = timedelta(seconds=5)  # Somebody waits for the answer, and a unit of work is open.

# In words how a payment went and how it would have gone; None where nothing is different.
Judge = Callable[[OrderRow], tuple[str, str] | None]


def compared(acting: Acting, since: datetime, judge: Judge, most: int = LOOKED_AT_MAX) -> DryRun:
    """What `judge` says of the payments taken in since a moment, the newest first; inside a unit
    of work. It ends early after `most` payments or `TIME_MAX`, and then says so."""
    clock, looked_at, different = acting.world.clock, 0, 0
    until, complete, shown = clock.now() + TIME_MAX, True, list[Different]()
    for row in past_payments.taken_in_since(since, most + 1):
        if looked_at == most or clock.now() > until:
            complete = False
            break
        looked_at += 1
        if (found := judge(row)) is None:
            continue
        different += 1
        if len(shown) < SHOWN_MAX:
            told = f"{row.instruction.creditor_name}, {spelled(row.instruction.amount)}"
            shown.append(Different(number=row.number, before=found[0], after=found[1], what=told))
    return DryRun(
        since=since.date(),
        looked_at=looked_at,
        different=different,
        shown=tuple(shown),
        complete=complete,
    )
