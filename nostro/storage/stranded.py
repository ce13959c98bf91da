"""What would be forgotten: payments not at their end that nothing and nobody will look at again.

An attempt is looked after by the timer of its file or by an open case, a file by its own timer or
case, an order on its way by its timer, its case, its live attempt or its check (promise P2).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from nostro.domain.attempt import RANK, AttemptState
from nostro.domain.check_state import CheckState
from nostro.domain.order import OrderState
from nostro.domain.submission import SubmissionState
from nostro.storage import queries
from nostro.storage.tenancy import current

# Nobody came although it was due so long ago: a timer that is not served is none.
LATE_AFTER = timedelta(minutes=10)
_ATTEMPT_ENDS = [
    state.value for state in AttemptState if RANK[state] >= RANK[AttemptState.EXECUTED]
]
# The bank has or had these; what is still to be said is said of their attempts.
_SUBMISSION_ENDS = [
    SubmissionState.DELIVERED.value,
    SubmissionState.ACKNOWLEDGED.value,
    SubmissionState.REFUSED.value,
    SubmissionState.ABANDONED.value,
]
# Before these an order waits for people, after them for a statement.
_ORDER_MOVING = [
    OrderState.APPROVED.value,
    OrderState.SCHEDULED.value,
    OrderState.IN_FLIGHT.value,
]

# The check of an order is with its payee, or its void or stop with the bank.
_CHECK_WAITS = [
    state.value
    for state in CheckState
    if state not in (CheckState.PAID, CheckState.VOID, CheckState.STOPPED)
]


class Stranded(msgspec.Struct, frozen=True, kw_only=True):
    """One forgotten row: "submission", "attempt" or "order", and since when it is in its state."""

    kind: str
    id: UUID
    state: str
    state_since: datetime


def stranded(now: datetime) -> list[Stranded]:
    """Everything of this customer that is stranded, longest first; empty when all is well."""
    found = queries.rows(
        "stranded",
        tenant_id=current(),
        late_since=now - LATE_AFTER,
        attempt_ends=_ATTEMPT_ENDS,
        submission_ends=_SUBMISSION_ENDS,
        order_moving=_ORDER_MOVING,
        check_waits=_CHECK_WAITS,
    )
    return [Stranded(**row) for row in found]
