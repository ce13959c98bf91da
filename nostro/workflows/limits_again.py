"""Limits once more just before payments leave, by the day on which they do.

What was approved above a limit that came later, or leaves on a day with more payments than were
asked for it, goes back to a person. Whom a person let go past a limit as it is passes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from nostro.domain.policies import payment_limits as policy
from nostro.domain.policies.payment_limits import PaymentLimits
from nostro.storage import day_sums, policies
from nostro.storage.day_sums import DayQuestion
from nostro.storage.orders import OrderRow
from nostro.workflows import recheck
from nostro.workflows.context import Acting


def within(acting: Acting, dated: Sequence[tuple[OrderRow, date]]) -> list[tuple[OrderRow, date]]:
    """Those locked orders that may leave on their days; the others are held, their approvals void.

    Whoever releases next for this customer waits from here: each counts what left before.
    """
    now = acting.world.clock.now()
    limits = policies.in_force(PaymentLimits, now)
    if not dated or not limits.limits:
        return list(dated)
    if limits.of_a_day():
        day_sums.one_after_another()
    sums = day_sums.day_sums(
        limits,
        DayQuestion(
            days={on for _, on in dated},
            payee_numbers={order.payee_number for order, _ in dated},
            currencies={order.instruction.amount.currency for order, _ in dated},
            today=now.date(),
            leaving=True,
        ),
    )
    let_go = day_sums.let_go([order.id for order, _ in dated])
    leaving = []
    for order, on in dated:
        matter, confidential = order.matter(), order.confidential
        broken = sums.broken(matter, on)
        found = policy.finding(matter, on, broken, confidential=confidential)
        if found and policy.still_asks(broken, let_go.get(order.id, "")):
            recheck.send_back(acting, order, policy.as_hold(found))
            continue
        sums.add(matter, on, confidential=confidential)
        leaving.append((order, on))
    return leaving
