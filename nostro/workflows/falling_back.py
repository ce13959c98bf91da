"""Payments that surely failed take the next way that was approved with them; told, never silently.

A new attempt in a new file with its own ids; the end-to-end id stays. What was tried stays as it
ended: its file can leave no more, and the database lets an order have one live attempt only.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from nostro.domain.attempt import AttemptState
from nostro.domain.payment import Route
from nostro.domain.policies import fallback
from nostro.domain.policies.routing_words import told_way
from nostro.storage import events, orders, parties, routes, submissions
from nostro.storage.orders import OrderRow
from nostro.storage.submissions import AttemptRow
from nostro.workflows.context import Acting
from nostro.workflows.wake import wake


def take_next_way(
    acting: Acting, rows: Sequence[AttemptRow], ended: AttemptState, reason: str
) -> list[UUID]:
    """Give the locked orders of these ended attempts their next way; returns those that have one.

    The caller moves them back to be released, in the same unit of work.
    """
    if not any(fallback.frees_the_way(ended, reason, file) for file in fallback.FENCED):
        return []
    waiting = routes.with_other_ways([row.order_id for row in rows])
    if not waiting:
        return []
    of = {row.order_id: row.submission_id for row in rows}
    files = {file.id: file.state for file in submissions.load(set(of.values()))}
    found: list[tuple[OrderRow, Route]] = []
    for order in orders.load(waiting):
        free = fallback.frees_the_way(ended, reason, files[of[order.id]])
        if free and (route := fallback.onwards(order.route)):
            found.append((order, route))
    for order, route in found:
        routes.set_route(order.id, route)
    _tell(acting, found, ended, reason)
    if found:
        wake("release_payments", tenant_id=acting.tenant_id)
    return [order.id for order, _ in found]


def _tell(
    acting: Acting, found: Sequence[tuple[OrderRow, Route]], ended: AttemptState, reason: str
) -> None:
    if not found:
        return
    names = {account.id: account.name for account in parties.accounts()}
    own = [
        {
            "way_before": told_way(order.route.way(), names),
            "way": told_way(route.way(), names),
            "charge_bearer": route.charge_bearer,
        }
        for order, route in found
    ]
    subjects = [order.id for order, _ in found]
    said = {"ended": ended.value, "reason": reason}
    events.record_alike(acting.alike("order.rerouted", "order", subjects, own, **said))
