"""What stands around every page: how much waits for people, how far the audit chain is sealed."""

from __future__ import annotations

from datetime import datetime

import msgspec

from nostro.domain.order import OrderState
from nostro.storage import models
from nostro.storage.listing import seal_lag


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """`sealed` is the last sealed position; `waiting_since` the oldest event without a seal."""

    to_decide: int
    sealed: int
    sealed_at: datetime | None
    unsealed: int
    waiting_since: datetime | None


def frame() -> Frame:
    waits = (OrderState.AWAITING_APPROVAL.value, OrderState.HELD.value)
    last = models.EventSeal.objects.order_by("-position").values_list("position", "sealed_at")
    position, sealed_at = last.first() or (0, None)
    lag = seal_lag()
    return Frame(
        to_decide=models.Order.objects.filter(state__in=waits).count(),
        sealed=position,
        sealed_at=sealed_at,
        unsealed=lag.unsealed,
        waiting_since=lag.oldest_at,
    )
