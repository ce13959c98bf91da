"""Payments that passed the checks, stored: orders, holds, and the events that tell of them."""

from __future__ import annotations

from collections.abc import Sequence

from nostro.domain.errors import Refused
from nostro.domain.policies.checks import Finding
from nostro.storage import events, intake, orders
from nostro.storage.orders import OrderRow
from nostro.workflows import name_moves, payee_proposals
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
    payee_proposals.propose(acting, checked)
    name_moves.put(acting, [found.asks for found in checked if found.order and found.asks])


def store_few(acting: Acting, checked: Sequence[Checked]) -> None:
    """The same for a request's worth of payments, in one question to the database."""
    taken = [(found.order, found.findings) for found in checked if found.order]
    now, new_id = acting.world.clock.now(), acting.world.ids.new
    holds = [(new_id(), order.id, finding) for order, found in taken for finding in found]
    happened = [
        acting.event(kind, "order", order.id, **said)
        for order, found in taken
        for kind, said in (
            ("order.received", _as_received(order)),
            ("order.checked", _as_checked(order, found)),
        )
    ]
    _all_or_none(intake.store([order for order, _ in taken], holds, happened, now), len(taken))
    payee_proposals.propose(acting, checked)
    name_moves.put(acting, [found.asks for found in checked if found.order and found.asks])


def _tell(acting: Acting, taken: Sequence[tuple[OrderRow, Sequence[Finding]]]) -> None:
    """That each was received, with whose words, and checked, with what result."""
    ids = [order.id for order, _ in taken]
    received = [_as_received(order) for order, _ in taken]
    events.record_alike(acting.alike("order.received", "order", ids, received))
    checked = [_as_checked(order, findings) for order, findings in taken]
    events.record_alike(acting.alike("order.checked", "order", ids, checked))


def insert(acting: Acting, taken: Sequence[OrderRow]) -> None:
    """Store every order or none: one that a unique key passed over would be lost silently."""
    _all_or_none(orders.insert(taken, acting.world.clock.now()), len(taken))


def _all_or_none(stored: int, asked: int) -> None:
    if stored != asked:
        raise Refused(
            "payments_not_stored",
            f"Only {stored} of {asked} payments could be stored: a number, an end-to-end id"
            " or the payment that it replaces is already taken.",
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
        **({"confidential": True} if order.confidential else {}),
    }


def _as_checked(order: OrderRow, findings: Sequence[Finding]) -> dict[str, object]:
    return {
        "state_after": order.state.value,
        "findings": findings,
        "route": order.route,
        "digest": order.approval_digest,
    }
