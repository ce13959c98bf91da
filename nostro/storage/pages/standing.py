"""How one customer stands, in a line: for the partner's people, customer by customer."""

from __future__ import annotations

from datetime import datetime

import msgspec

from nostro.domain.case import CaseState
from nostro.domain.order import OrderState
from nostro.storage import models
from nostro.storage.listing import seal_lag


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What waits for people of a customer, what is stopped, and how far its log is sealed."""

    to_approve: int
    held: int
    open_cases: int
    overdue_cases: int
    stops: int
    quarantined: bool
    unsealed: int
    sealed_at: datetime | None


def standing(now: datetime) -> Standing:
    """Of the customer of this unit of work, now."""
    orders = models.Order.objects
    cases = models.Case.objects.exclude(state=CaseState.RESOLVED.value)
    sealed = models.EventSeal.objects.order_by("-position").values_list("sealed_at", flat=True)
    return Standing(
        to_approve=orders.filter(state=OrderState.AWAITING_APPROVAL.value).count(),
        held=orders.filter(state=OrderState.HELD.value).count(),
        open_cases=cases.count(),
        overdue_cases=cases.filter(due_at__lt=now).count(),
        stops=models.Freeze.objects.filter(lifted_at__isnull=True).count(),
        quarantined=models.Customer.objects.filter(quarantined=True).exists(),
        unsealed=seal_lag().unsealed,
        sealed_at=sealed.first(),
    )
