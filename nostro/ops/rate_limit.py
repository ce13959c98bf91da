"""Buckets of tokens: how often somebody may do something, with a burst of what was saved up."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from typing import Final

import msgspec

_BUCKETS_MAX: Final = 10_000  # The ones unused for longest go first; those are full again anyway.
_BURST_SECONDS: Final = 10


class Rate(msgspec.Struct, frozen=True):
    """`per_second` requests in the long run; 0: as many as one likes."""

    per_second: int

    @property
    def burst(self) -> int:
        return self.per_second * _BURST_SECONDS


class _Bucket(msgspec.Struct):
    millitokens: int
    filled_at_milliseconds: int


class Limiter:
    """Buckets by name. `take` may be called by all threads; moments are whole milliseconds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, name: str, rate: Rate, now_milliseconds: int) -> int:
        """Take one token; returns 0, or after how many milliseconds there will be one."""
        if not rate.per_second:
            return 0
        with self._lock:
            bucket = self._buckets.pop(name, None)
            if bucket is None:
                bucket = _Bucket(rate.burst * 1000, now_milliseconds)
            passed = max(0, now_milliseconds - bucket.filled_at_milliseconds)
            filled = bucket.millitokens + passed * rate.per_second
            bucket.millitokens = min(rate.burst * 1000, filled)
            bucket.filled_at_milliseconds = now_milliseconds
            self._buckets[name] = bucket
            if len(self._buckets) > _BUCKETS_MAX:
                self._buckets.popitem(last=False)
            if bucket.millitokens < 1000:
                return math.ceil((1000 - bucket.millitokens) / rate.per_second)
            bucket.millitokens -= 1000
            return 0

    def forget(self) -> None:
        """Let everybody begin with full buckets."""
        with self._lock:
            self._buckets.clear()
