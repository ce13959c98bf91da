"""Payments that passed the checks, stored: orders, holds, and the events that tell of them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from nostro.domain.errors import Refused
from nostro.domain.event import Event
from nostro.storage import events, orders
from nostro.storage.orders import OrderRow
from nostro.workflows.context import Acting
from nostro.workflows.payment_checks import Checked


def store(acting: Acting, checked: Sequence[Checked]) -> None:
    """Store those that became orders, inside a unit of work. Raises Refused as `insert` does."""
    taken = [(found.order, found.findings) for found in checked if found.order]
    now, new_id = acting.world.clock.now(), acting.world.ids.new
    insert(acting, [order for order, _ in taken])
    holds = [(new_id(), order.id, finding) for order, found in taken for finding in found]
    orders.insert_holds(holds, now)
    happened: list[Event] = []
    for order, findings in taken:
        happened.append(_received(acting, order))
        happened.append(
            acting.event(
                "order.checked",
                "order",
                order.id,
                state_after=order.state.value,
                findings=[msgspec.to_builtins(finding) for finding in findings],
                route=msgspec.to_builtins(order.route),
                digest=order.approval_digest,
            )
        )
    events.record(happened)


def insert(acting: Acting, taken: Sequence[OrderRow]) -> None:
    """Store every order or none: one that a unique key passed over would be lost silently."""
    stored = orders.insert(taken, acting.world.clock.now())
    if stored != len(taken):
        raise Refused(
            "payments_not_stored",
            f"Only {stored} of {len(taken)} payments could be stored: a number or an end-to-end id"
            " is already taken.",
            "None of them was taken.",
            "Send them again; if it happens twice, report it.",
        )


def _received(acting: Acting, order: OrderRow) -> Event:
    return acting.event(
        "order.received",
        "order",
        order.id,
        number=order.number,
        source=order.source,
        source_reference=order.source_reference,
        amount_minor=order.instruction.amount.minor,
        currency=order.instruction.amount.currency,
        changes=list(order.source_changes),
        run_id=str(order.run_id or ""),
    )
