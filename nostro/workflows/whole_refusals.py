"""A bank refuses a whole file: proof for all its payments, unless two copies of it may be there.

Where a send was in doubt the same bytes may have left again. Then one copy may have been refused,
as a duplicate or for money that the other one took, and the other copy may be paid.
"""

from __future__ import annotations

from nostro.domain.case import CaseKind
from nostro.domain.policies import dispatching
from nostro.storage import submissions
from nostro.storage.submissions import SubmissionRow
from nostro.workflows.answered_enquiries import duplicate_key
from nostro.workflows.case_work import new_case, open_cases
from nostro.workflows.context import Acting


def may_be_of_one_copy(row: SubmissionRow) -> bool:
    """Can the refusal of this file be about one of two copies of it?"""
    return dispatching.left_again_in_doubt(submissions.states_had_by(row.id))


def ask(acting: Acting, row: SubmissionRow, told: str) -> None:
    """A person asks the bank about the other copy. `told` is the bank's reason, or ""."""
    why = f" ({told})" if told else ""
    case = new_case(
        acting,
        CaseKind.ENQUIRY,
        duplicate_key(row.id),
        f"The bank refused file {row.message_id}{why}, which left more than once while we were in"
        " doubt: it may have refused one copy and taken the other.",
        "Ask the bank what became of each copy, and state what it says; nothing is sent again.",
        submission_id=row.id,
    )
    open_cases(acting, [case])
