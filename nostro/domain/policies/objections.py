"""What speaks against a payment that was approved, frozen in a file, and then waited.

An approval is for a time, by people who may give it, and for one account. A file that could not
leave at once (a stop, a bank that was down, a cut-off) is held against that again before it does.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum

import msgspec

from nostro.domain.order import OrderState


class Objection(StrEnum):
    """Why a payment in a file that waited may not leave with it any more."""

    NOT_WAITING = "not_waiting_to_leave"
    TOO_LATE = "latest_date_passed"
    NOT_APPROVED = "not_what_was_approved"
    ACCOUNT_CHANGED = "account_changed_after_approval"
    APPROVER_LEFT = "approver_no_longer_entitled"
    DAY_MISSED = "execution_day_missed"


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What holds today of one approved payment that waits in a file.

    `leaves_on` is the day on which it would be executed if it left now. `approved`: enough people
    agreed to exactly this, and nobody has taken that back; `entitled`: enough of them may still.
    `day_missed`: the day that its file asks for is not one on which it may still be executed.
    """

    order_state: OrderState
    leaves_on: date
    latest_date: date
    approved: bool
    entitled: bool
    account_is_current: bool
    day_missed: bool = False


_WAITS_IN_FILE = (OrderState.SCHEDULED, OrderState.IN_FLIGHT)  # In flight: tried, and not arrived.


def objection(standing: Standing) -> Objection | None:
    """Why this payment may not leave now, or None (payment lifecycle, sections 1 and 5)."""
    objections = {
        Objection.NOT_WAITING: standing.order_state not in _WAITS_IN_FILE,
        Objection.NOT_APPROVED: not standing.approved,
        Objection.ACCOUNT_CHANGED: not standing.account_is_current,
        Objection.APPROVER_LEFT: not standing.entitled,
        Objection.TOO_LATE: standing.leaves_on > standing.latest_date,
        Objection.DAY_MISSED: standing.day_missed,
    }
    return next((why for why, holds in objections.items() if holds), None)
