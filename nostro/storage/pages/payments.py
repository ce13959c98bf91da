"""What a list of payments says beyond the order: where its newest attempt stands, on which rail."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

import msgspec

from nostro.domain.attempt import AttemptState
from nostro.storage import models


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """The newest attempt of a payment, if there is one, and the rail of its route."""

    attempt: AttemptState | None = None
    reason: str = ""
    reason_text: str = ""
    rail: str = ""


def standings(order_ids: Collection[UUID]) -> dict[UUID, Standing]:
    """Where each of these payments stands at its bank."""
    routes = models.Order.objects.filter(id__in=order_ids).values_list("id", "route")
    newest = (
        models.Attempt.objects.filter(order_id__in=order_ids)
        .order_by("order_id", "-id")
        .distinct("order_id")
        .values_list("order_id", "state", "reason", "reason_text")
    )
    attempts = {order_id: told for order_id, *told in newest}
    found = {}
    for order_id, route in routes:
        state, reason, text = attempts.get(order_id, (None, "", ""))
        found[order_id] = Standing(
            attempt=AttemptState(state) if state else None,
            reason=reason,
            reason_text=text,
            rail=(route or {}).get("rail", ""),
        )
    return found


def unknown_count() -> int:
    """Of how many payments we do not know whether the bank has them."""
    return models.Attempt.objects.filter(state=AttemptState.UNKNOWN.value).count()
