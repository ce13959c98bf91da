"""That the customer monitors fraud, and reviews each year how: evidence that Nacha's rules ask for.

Nacha Operating Rules, fraud monitoring by originators (19 June 2026): risk-based processes to
identify entries that were initiated by fraud, reviewed at least once a year.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date
from typing import ClassVar

from nostro.domain.policies.checks import day
from nostro.domain.policy import Policy

MONTHS_MAX = 12


class FraudMonitoring(Policy, frozen=True, kw_only=True):
    """Where the procedure stands, who answers for it, when it was reviewed last, and after how many
    months it is to be again. Without a procedure nothing is due."""

    KIND: ClassVar[str] = "fraud_monitoring"

    procedure: str = ""
    responsible: str = ""
    reviewed_on: date | None = None
    months: int = MONTHS_MAX

    @property
    def next_due(self) -> date | None:
        """The last day of the next review; None where nobody has said when there was one."""
        if not self.procedure or self.reviewed_on is None:
            return None
        return months_after(self.reviewed_on, self.months)


def months_after(start: date, months: int) -> date:
    """The same day of a later month, or its last one."""
    years, month = divmod(start.month - 1 + months, 12)
    year, month = start.year + years, month + 1
    return date(year, month, min(start.day, monthrange(year, month)[1]))


def overdue(told: FraudMonitoring, today: date) -> str:
    """In words that the review did not take place; "" while it is not due."""
    due = told.next_due
    if due is None or today <= due or told.reviewed_on is None:
        return ""
    return (
        f"How fraud is monitored ({told.procedure}) was reviewed last on {day(told.reviewed_on)};"
        f" the next review by {told.responsible} was due on {day(due)}."
    )
