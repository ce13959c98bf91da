"""When a payment that surely failed may take another way, and which one (lifecycle section 6.7).

Only one that was approved with it, in its order. Never from an unknown outcome, a stop or a return;
never with other charges, in another currency or outside the approved dates: those are not in it.
"""

from __future__ import annotations

from typing import Final

from nostro.domain.attempt import AttemptState
from nostro.domain.payment import Route, WayOut
from nostro.domain.submission import SubmissionState

# Reasons that say the bank or the way failed, not the payment, of ISO 20022's
# ExternalStatusReason1Code: time-outs and faults of banks and clearings (AB), an agent out of
# service or unknown to this clearing, a kind of payment not taken here, a file of the wrong form,
# a cut-off.
TECHNICAL: Final = frozenset(
    {
        *(f"AB{number:02}" for number in range(1, 12)),
        *("AG03", "AG10", "AG11", "CNOR", "DNOR", "ED05"),
        *(f"FF{number:02}" for number in range(1, 12)),
        "TM01",
    }
)
# The old way is fenced off: the bytes of this file can leave no more.
FENCED: Final = frozenset(
    {
        *(SubmissionState.DELIVERED, SubmissionState.ACKNOWLEDGED),
        *(SubmissionState.REFUSED, SubmissionState.ABANDONED),
    }
)


def frees_the_way(ended: AttemptState, reason: str, file: SubmissionState) -> bool:
    """Whether an attempt that ended so may be followed by one on another way."""
    if file not in FENCED:
        return False
    if ended is AttemptState.REJECTED:
        return reason in TECHNICAL
    return ended in (AttemptState.NOT_DELIVERED, AttemptState.CANCELLED_REROUTE)


def left(route: Route) -> tuple[WayOut, ...]:
    """The approved ways that have not been tried, in their order."""
    ways = (route.first or route.way(), *route.fallback)
    return ways[ways.index(route.way()) + 1 :]


def onwards(route: Route) -> Route | None:
    """The route by its next way, which people have approved with it; None when all were tried."""
    found = left(route)
    return route.taking(found[0], first=route.first or route.way()) if found else None
