"""What stands around every page: what waits for people, what is stopped, how far the seal is."""

from __future__ import annotations

from datetime import datetime

import msgspec

from nostro.domain.case import CaseState
from nostro.domain.order import OrderState
from nostro.storage import change_requests, models
from nostro.storage.listing import seal_lag
from nostro.storage.pages.chain import last_verified
from nostro.storage.pages.stops import StopView, in_force
from nostro.storage.payee_change_listing import waiting_count
from nostro.storage.tenancy import current


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """`sealed` is the last sealed position; `waiting_since` the oldest event without a seal.

    `log_broken` is what the last verification found.
    """

    to_decide: int
    open_cases: int
    corrections: int
    changes: int
    stops: tuple[StopView, ...]
    sealed: int
    sealed_at: datetime | None
    unsealed: int
    waiting_since: datetime | None
    log_broken: bool


def frame() -> Frame:
    waits = (OrderState.AWAITING_APPROVAL.value, OrderState.HELD.value)
    last = models.EventSeal.objects.order_by("-position").values_list("position", "sealed_at")
    position, sealed_at = last.first() or (0, None)
    lag = seal_lag()
    verified = last_verified(current())
    cases = models.Case.objects.exclude(state=CaseState.RESOLVED.value)
    return Frame(
        to_decide=models.Order.objects.filter(state__in=waits).count(),
        open_cases=cases.count(),
        corrections=waiting_count(),
        changes=change_requests.waiting_count(),
        stops=tuple(in_force()),
        sealed=position,
        sealed_at=sealed_at,
        unsealed=lag.unsealed,
        waiting_since=lag.oldest_at,
        log_broken=verified is not None and not verified.data.get("whole"),
    )
