"""Payments that nobody is to make, once more just before they leave: the rule may be new."""

from __future__ import annotations

from collections.abc import Sequence

from nostro.domain.policies import payee_checks as policy
from nostro.domain.policies.payee_checks import PayeeChecks
from nostro.domain.policies.payment_limits import as_hold
from nostro.storage import day_sums, policies
from nostro.storage.orders import OrderRow
from nostro.workflows import recheck
from nostro.workflows.context import Acting


def still_allowed(acting: Acting, due: Sequence[OrderRow]) -> list[OrderRow]:
    """Those locked orders that fall under no such rule, or that a person let go past it as it is;
    the others are held, their approvals void."""
    rules = policies.in_force(PayeeChecks, acting.world.clock.now())
    if not due or not rules.blocks:
        return list(due)
    found = {order.id: policy.blocked(order.matter(), rules) for order in due}
    let_go = day_sums.let_go([key for key, told in found.items() if told], policy.BLOCKED)
    allowed = []
    for order in due:
        past = set(let_go.get(order.id, "").split())
        stopping = [one for one in found[order.id] if set(one.refers_to.split()) - past]
        if stopping:
            recheck.send_back(acting, order, as_hold(stopping[0]))
        else:
            allowed.append(order)
    return allowed
