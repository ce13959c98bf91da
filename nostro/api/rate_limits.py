"""How many requests one key, one customer and one address may make, so that none crowds out others.

Buckets of tokens: each request takes one, they fill up again at a steady rate, and what is saved up
allows a burst. They live in this process: the web server is one process, and a row in the database
would cost each request a write. Several web processes behind a balancer each count for themselves.
"""

from __future__ import annotations

import math
import time
from functools import cache
from typing import Final

from django.http import HttpRequest

from nostro.app import configuration
from nostro.domain.errors import Unavailable
from nostro.ops import origin
from nostro.ops.rate_limit import Limiter, Rate

_TENANT_KEYS: Final = 3  # A customer may use as much as so many of its keys together.


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
