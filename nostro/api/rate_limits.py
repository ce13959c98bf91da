"""How many requests one key, one customer and one address may make, so that none crowds out others.

Buckets of tokens: each request takes one, they fill up again at a steady rate, and what is saved up
allows a burst. They live in this process: the web server is one process, and a row in the database
would cost each request a write. Several web processes behind a balancer each count for themselves.
"""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from functools import cache
from typing import Final

import msgspec
from django.http import HttpRequest

from nostro.app import configuration
from nostro.domain.errors import Unavailable
from nostro.ops import origin

_BUCKETS_MAX: Final = 10_000  # The ones unused for longest go first; those are full again anyway.
_BURST_SECONDS: Final = 10
_TENANT_KEYS: Final = 3  # A customer may use as much as so many of its keys together.


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


_limiter = Limiter()


@cache
def _rates() -> tuple[Rate, Rate]:
    """Of one key, person or, where nobody says who calls, address; and of one customer."""
    told = configuration().api_requests_per_second
    return Rate(told), Rate(told * _TENANT_KEYS)


def check(request: HttpRequest, now_milliseconds: int | None = None) -> None:
    """Count this request; raises Unavailable (429) when its caller or customer had too many."""
    of_caller, of_customer = _rates()
    caller = getattr(request, "auth", None)
    if caller is None:
        asked = [(f"address {origin.current().source_address}", of_caller)]
    else:
        asked = [
            (f"caller {caller.actor.kind} {caller.actor.id}", of_caller),
            (f"customer {caller.tenant_id}", of_customer),
        ]
    now = time.monotonic_ns() // 1_000_000 if now_milliseconds is None else now_milliseconds
    # A refused request takes nothing from its customer's other keys.
    wait = next((wait for name, rate in asked if (wait := _limiter.take(name, rate, now))), 0)
    if wait:
        failure = Unavailable(
            "too_many_requests",
            f"More requests came than {of_caller.per_second} a second over a longer time.",
            "This one was not looked at; nothing was done.",
            "Wait as long as Retry-After says, then send it again with the same Idempotency-Key.",
        )
        failure.retry_after_seconds = math.ceil(wait / 1000)
        raise failure
