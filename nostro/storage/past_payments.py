"""Payments as they were taken in, the newest first: what other rules are tried on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from nostro.storage import models, orders
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
