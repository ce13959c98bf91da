"""A notice to a payee on its way: what may become of it, and how long it is tried.

A mail cannot be told once for sure: when the connection breaks after the last byte, nobody knows
whether the other side has it. Then the same bytes go again under the same Message-ID, by which a
reader knows the second for the first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from nostro.domain.machine import Machine, table


class NoticeKind(StrEnum):
    ADVICE = "advice"
    CORRECTION = "correction"  # What was advised is no longer so: the money came back.


class NoticeState(StrEnum):
    WAITING = "waiting"
    SENDING = "sending"  # Its bytes may be leaving now.
    SENT = "sent"
    NOT_SENT = "not_sent"  # Refused, or given up after days: a case says why.
    NO_ADDRESS = "no_address"  # Nobody knows where to.
    DROPPED = "dropped"  # What it would have said is no longer so.


class NoticeMove(StrEnum):
    TAKE = "take"
    TELL = "tell"
    PUT_OFF = "put_off"
    GIVE_UP = "give_up"
    MISS = "miss"
    DROP = "drop"


_S, _M = NoticeState, NoticeMove

NOTICE: Machine[NoticeState, NoticeMove] = Machine(
    "notice to a payee",
    _S.WAITING,
    table(
        NoticeState,
        [
            # Taken again while sending: whoever had it died, and nobody knows how far he came.
            ((_S.WAITING, _S.SENDING), _M.TAKE, _S.SENDING),
            ((_S.SENDING,), _M.TELL, _S.SENT),
            ((_S.SENDING,), _M.PUT_OFF, _S.WAITING),
            ((_S.SENDING,), _M.GIVE_UP, _S.NOT_SENT),
            ((_S.WAITING, _S.SENDING), _M.MISS, _S.NO_ADDRESS),
            ((_S.WAITING, _S.SENDING, _S.NOT_SENT, _S.NO_ADDRESS), _M.DROP, _S.DROPPED),
        ],
    ),
)

# How long after each failed try the next one follows; the last pause repeats until LASTS is over.
# Mail servers that put strangers off (greylisting) want some minutes.
PAUSES = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=3),
    timedelta(hours=6),
    timedelta(hours=12),
)
LASTS = timedelta(days=3)


def retry_at(notice_id: UUID, tries: int, first_due: datetime, now: datetime) -> datetime | None:
    """When a notice is tried again after so many failed tries; None when it is given up.

    Up to a fifth later than the ladder, by id: what failed together is not tried in one moment.
    """
    ends_at = first_due + LASTS
    if now >= ends_at:
        return None
    pause = PAUSES[min(max(tries, 1), len(PAUSES)) - 1]
    drawn = hashlib.sha256(notice_id.bytes + tries.to_bytes(4)).digest()
    return min(now + pause + pause * int.from_bytes(drawn[:2]) // (5 * 0xFFFF), ends_at)


def message_name(tenant_id: UUID, kind: NoticeKind, round_: int, orders: Iterable[UUID]) -> str:
    """What one notice is known by for ever: the same payments, told for the same reason, have the
    same name, after a restored backup too."""
    told = "/".join((tenant_id.hex, kind, str(round_), *sorted(one.hex for one in orders)))
    return f"ADV-{hashlib.sha256(told.encode()).hexdigest()[:32].upper()}"


def may_have_been_told(state: NoticeState, doubts: int) -> bool:
    """Whether the payee may have it: then what is no longer so has to be corrected."""
    return state in (NoticeState.SENDING, NoticeState.SENT) or doubts > 0
