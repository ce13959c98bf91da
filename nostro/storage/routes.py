"""The ways that payments take, as stored: which have others to fall back to, and a new one."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

import msgspec

from nostro.domain.order import OrderState
from nostro.domain.payment import Route
from nostro.storage import bulk, models


def with_other_ways(order_ids: Collection[UUID]) -> list[UUID]:
    """Those of these orders that are on their way and were approved with ways to fall back to."""
    found = models.Order.objects.filter(bulk.one_of("id", order_ids), state=OrderState.IN_FLIGHT)
    return list(found.filter(route__has_key="fallback").values_list("id", flat=True))


def set_route(order_id: UUID, route: Route) -> None:
    """The way that an order takes from now on."""
    models.Order.objects.filter(id=order_id).update(
        route=msgspec.to_builtins(route), account_id=UUID(route.account_id)
    )
