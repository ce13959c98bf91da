"""Payments that are kept until their bank takes them: when each is looked at again."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from nostro.domain.order import OrderState
from nostro.storage import bulk, models, orders


def keep_until(order_ids: Collection[UUID], when: datetime) -> set[UUID]:
    """Look at locked orders again at `when`; returns those that were to be looked at otherwise."""
    found = models.Order.objects.filter(bulk.one_of("id", order_ids)).exclude(next_action_at=when)
    ids = set(found.values_list("id", flat=True))
    orders.act_at(ids, when)
    return ids


def due_now(connection_id: UUID, now: datetime) -> None:
    """Look now at the scheduled orders of a connection that wait for a later moment."""
    waiting = models.Order.objects.filter(state=OrderState.SCHEDULED, next_action_at__gt=now)
    waiting = waiting.filter(route__connection_id=str(connection_id))
    orders.lock_only(list(waiting.values_list("id", flat=True)))
    waiting.update(next_action_at=now)
