"""When a time of day really is, where clocks are put forward and back: never early, never late.

A rule for both changes of the clock (tried for every one of 2024 to 2035):

1. A time that there is not that day (the clock jumps over it) is the moment of the jump: until then
   nothing closes earlier than was said, and from then on what opens is open.
2. A time that there is twice closes at its first reading and opens at its second: whichever the
   bank means, it is still open for us then, and open already.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_TICK = timedelta(microseconds=1)


@lru_cache(maxsize=10_000)
def opens_at(day: date, at: time, time_zone: str) -> datetime:
    """The first moment, in UTC, at which it is surely `at` or later on that day there."""
    first, second = _readings(day, at, time_zone)
    return _jump(second, first, time_zone) if second < first else second


@lru_cache(maxsize=10_000)
def closes_at(day: date, at: time, time_zone: str) -> datetime:
    """The last moment, in UTC, at which it is surely not yet later than `at` on that day there."""
    first, second = _readings(day, at, time_zone)
    return _jump(second, first, time_zone) - _TICK if second < first else first


def _readings(day: date, at: time, time_zone: str) -> tuple[datetime, datetime]:
    """Both readings of a time (PEP 495): alike on most days, the first one earlier when there are
    two, and later when there is none."""
    zone = ZoneInfo(time_zone)
    first = datetime.combine(day, at.replace(fold=0), zone)
    second = datetime.combine(day, at.replace(fold=1), zone)
    return first.astimezone(UTC), second.astimezone(UTC)


def _jump(before: datetime, after: datetime, time_zone: str) -> datetime:
    """The moment between the two at which the clock is put forward, to the second."""
    zone = ZoneInfo(time_zone)
    old = before.astimezone(zone).utcoffset()
    low, high = int(before.timestamp()), int(after.timestamp())
    while high - low > 1:
        middle = (low + high) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == old:
            low = middle
        else:
            high = middle
    return datetime.fromtimestamp(high, UTC)
