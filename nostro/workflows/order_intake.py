"""Payments that passed the checks, stored: orders, holds, and the events that tell of them."""

from __future__ import annotations

from collections.abc import Sequence

from nostro.domain.errors import Refused
from nostro.domain.policies.checks import Finding
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
    _tell(acting, taken)


def _tell(acting: Acting, taken: Sequence[tuple[OrderRow, Sequence[Finding]]]) -> None:
    """That each was received, with whose words, and checked, with what result."""
    ids = [order.id for order, _ in taken]
    received = [_as_received(order) for order, _ in taken]
    events.record_alike(acting.alike("order.received", "order", ids, received))
    checked = [
        {
            "state_after": order.state.value,
            "findings": findings,
            "route": order.route,
            "digest": order.approval_digest,
        }
        for order, findings in taken
    ]
    events.record_alike(acting.alike("order.checked", "order", ids, checked))


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


def _as_received(order: OrderRow) -> dict[str, object]:
    return {
        "number": order.number,
        "source": order.source,
        "source_reference": order.source_reference,
        "amount_minor": order.instruction.amount.minor,
        "currency": order.instruction.amount.currency,
        "changes": order.source_changes,
        "run_id": str(order.run_id or ""),
    }
