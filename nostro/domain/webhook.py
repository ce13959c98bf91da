"""Telling the programs of others what happened: how long one delivery is tried, and who wants it.

Standard Webhooks 1.0.0: at least once, in any order, under an id that is the same at every try.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from nostro.domain.machine import Machine, table


class DeliveryState(StrEnum):
    WAITING = "waiting"
    DELIVERED = "delivered"
    SET_ASIDE = "set_aside"  # Its address was switched off; kept, and sent when it is replayed.


class DeliveryMove(StrEnum):
    DELIVER = "deliver"
    SET_ASIDE = "set_aside"
    REPLAY = "replay"


_S, _M = DeliveryState, DeliveryMove

DELIVERY: Machine[DeliveryState, DeliveryMove] = Machine(
    "webhook delivery",
    _S.WAITING,
    table(
        DeliveryState,
        [
            ((_S.WAITING,), _M.DELIVER, _S.DELIVERED),
            ((_S.WAITING,), _M.SET_ASIDE, _S.SET_ASIDE),
            ((_S.WAITING, _S.DELIVERED, _S.SET_ASIDE), _M.REPLAY, _S.WAITING),
        ],
    ),
)

# How long after each failed try the next one follows; the last pause repeats until LASTS is over.
PAUSES = (
    timedelta(seconds=5),
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(minutes=30),
    timedelta(hours=1),
    timedelta(hours=3),
    timedelta(hours=6),
    timedelta(hours=12),
)
LASTS = timedelta(days=3)
# An address that cannot be reached is tried with one event; its others wait, but not for long:
# what ails it may be that one event.
OTHERS_WAIT_AT_MOST = timedelta(minutes=5)
# Both secrets sign for this long after a rotation.
ROTATION_LASTS = timedelta(hours=24)


def pause_after(delivery_id: UUID, tries: int) -> timedelta:
    """How long to wait after so many failed tries: the ladder and up to a fifth more, by id, so
    that what failed together is not tried again in one moment."""
    pause = PAUSES[min(max(tries, 1), len(PAUSES)) - 1]
    drawn = hashlib.sha256(delivery_id.bytes + tries.to_bytes(4)).digest()
    return pause + pause * int.from_bytes(drawn[:2]) // (5 * 0xFFFF)


def retry_at(delivery_id: UUID, tries: int, created_at: datetime, now: datetime) -> datetime | None:
    """When to try again after `tries` failures; None: it was tried for LASTS, the last time now."""
    ends_at = created_at + LASTS
    if now >= ends_at:
        return None
    return min(now + pause_after(delivery_id, tries), ends_at)


def wants(event_types: Sequence[str], event_type: str) -> bool:
    """Does an address that asked for these types want an event of this one?

    Empty means all; "nostro.order.*" means every type that begins with "nostro.order.".
    """
    return not event_types or any(
        event_type.startswith(asked[:-1]) if asked.endswith(".*") else event_type == asked
        for asked in event_types
    )
