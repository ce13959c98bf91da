"""Questions about a file that answer themselves: once every payment in it is at its end.

What was overdue, or was called a duplicate, is known then, whichever message of the bank said it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from uuid import UUID

from nostro.domain.attempt import AttemptState
from nostro.domain.case import CaseKind
from nostro.domain.policies.dispatching import Payments
from nostro.storage import cases, submissions
from nostro.workflows import case_work
from nostro.workflows.context import Acting


def overdue_key(submission_id: UUID) -> str:
    """The cause of the case that the bank has not said what became of all payments of a file."""
    return f"overdue/{submission_id}"


def duplicate_key(submission_id: UUID) -> str:
    """The cause of the case that the bank calls payments of a file duplicates."""
    return f"duplicate/{submission_id}"


def end_if_settled(acting: Acting, submission_ids: Collection[UUID]) -> None:
    """Close these questions about those of the files in which no payment is open any more."""
    for submission_id in sorted(submission_ids):
        for key in (overdue_key(submission_id), duplicate_key(submission_id)):
            asked = cases.lock_by_key(CaseKind.ENQUIRY, key)
            if asked is None or asked.resolved_at is not None:
                continue
            counts = submissions.attempts_by_state(submission_id)
            if counts and not Payments(counts).open:
                case_work.end_enquiries(acting, submission_id, _fact(counts), key=key)


def _fact(counts: Mapping[AttemptState, int]) -> str:
    ends = ", ".join(f"{count} {state.replace('_', ' ')}" for state, count in counts.items())
    return f"Every payment of the file is at its end: {ends}."
