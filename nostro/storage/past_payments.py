"""Payments as they were taken in, the newest first: what other rules are tried on."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from uuid import UUID

from nostro.storage import bulk, models, orders
from nostro.storage.orders import OrderRow

AT_ONCE = 2_000


def taken_in_since(since: datetime, limit: int) -> Iterator[OrderRow]:
    """Up to `limit` payments taken in since a moment, read in pages, without confidential ones.

    Ids are made in the order of time (UUIDv7): the id is the place in the list.
    """
    found = models.Order.objects.filter(created_at__gte=since, confidential=False)
    ids = found.order_by("-id").values_list("id", flat=True)
    last, left = None, limit
    while left > 0:
        page = list((ids.filter(id__lt=last) if last else ids)[: min(AT_ONCE, left)])
        if not page:
            return
        yield from reversed(orders.load(page))
        last, left = page[-1], left - len(page)


def held_for(order_ids: Collection[UUID], codes: Collection[str]) -> dict[UUID, str]:
    """Why each of these payments was held, of those that were for one of these codes."""
    found = models.Hold.objects.filter(bulk.one_of("order_id", order_ids), code__in=codes)
    told: dict[UUID, str] = {}
    for order_id, sentence in found.order_by("opened_at", "id").values_list("order_id", "sentence"):
        told[order_id] = f"{told.get(order_id, '')} {sentence}".strip()
    return told
