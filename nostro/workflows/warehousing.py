"""Payments dated in the future are kept here, and leave at the first moment the bank takes them.

Scheduled is all that they are meanwhile: they can be held, stopped or cancelled freely, and all
that approves them is asked again when they leave. The moment is looked at again when the bank's
calendar changes; a worker that dies in between finds it on the payment's own row.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from nostro.domain.bank_calendar import Plan
from nostro.domain.policies.checks import day as spelled
from nostro.storage import events, warehouse
from nostro.storage.orders import OrderRow
from nostro.workflows.context import Acting
from nostro.workflows.planning import Planner, way_of


def keep_early(acting: Acting, planner: Planner, rows: Sequence[OrderRow]) -> list[OrderRow]:
    """Keep those locked scheduled orders that it is too early for; returns the others.

    Raises Invalid (`cut_off_wrong`) when what a connection says of its bank cannot be read.
    """
    now = acting.world.clock.now()
    leave: list[OrderRow] = []
    early: dict[datetime, list[tuple[OrderRow, Plan]]] = {}
    for row in rows:
        plan = planner.plan(row)
        if plan.leaves_at <= now:
            leave.append(row)
            continue
        changes_at = planner.bank(way_of(row.route, row.instruction).connection_id).changes_at
        look_at = min(plan.leaves_at, changes_at or plan.leaves_at)
        early.setdefault(look_at, []).append((row, plan))
    for look_at, kept in early.items():
        _keep(acting, look_at, kept)
    return leave


def _keep(acting: Acting, look_at: datetime, kept: Sequence[tuple[OrderRow, Plan]]) -> None:
    anew = warehouse.keep_until([row.id for row, _ in kept], look_at)
    told = {row.id: {"until": said(plan.leaves_at, plan.time_zone),
                     "day": spelled(plan.day)} for row, plan in kept if row.id in anew}  # fmt: skip
    events.record_alike(acting.alike("order.kept", "order", list(told), list(told.values())))


def look_again(connection_id: UUID, now: datetime) -> None:
    """The calendar of a bank has changed: whatever waits for it is looked at now."""
    warehouse.due_now(connection_id, now)


def said(moment: datetime, time_zone: str) -> str:
    """A moment as people at the bank say it: on its clock, with its place."""
    local = moment.astimezone(ZoneInfo(time_zone))
    return f"{spelled(local.date())} at {local:%H:%M} {time_zone}"
