"""What a person knows about a payment that no message says: evidence, never a forced state.

An operator states what the bank said on the telephone, with a name, a time and an attachment. What
could make money move twice counts only when a second person has confirmed it; then the machine
moves as for any other word of the bank.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from nostro.domain import duties
from nostro.domain.attempt import AttemptMove
from nostro.domain.duties import Touched
from nostro.domain.errors import Refused
from nostro.domain.party import Action, Member
from nostro.domain.policies import reach
from nostro.domain.submission import SubmissionMove


class EvidenceKind(StrEnum):
    """What the bank said, in the operator's words."""

    BANK_HAS_IT = "bank_has_it"
    BANK_NEVER_HAD_IT = "bank_never_had_it"  # Frees the payment to be sent again.
    BANK_EXECUTED_IT = "bank_executed_it"
    BANK_REJECTED_IT = "bank_rejected_it"  # Frees the order for a new attempt.
    BANK_STOPPED_IT = "bank_stopped_it"


# What each kind does to the whole file, and to a single payment of it.
SUBMISSION_MOVE = {
    EvidenceKind.BANK_HAS_IT: SubmissionMove.DELIVER,
    EvidenceKind.BANK_NEVER_HAD_IT: SubmissionMove.NOT_DELIVER,
    EvidenceKind.BANK_REJECTED_IT: SubmissionMove.REFUSE,
}
ATTEMPT_MOVE = {
    EvidenceKind.BANK_HAS_IT: AttemptMove.RECEIVE,
    EvidenceKind.BANK_NEVER_HAD_IT: AttemptMove.NOT_DELIVER,
    EvidenceKind.BANK_EXECUTED_IT: AttemptMove.EXECUTE,
    EvidenceKind.BANK_REJECTED_IT: AttemptMove.REJECT,
    EvidenceKind.BANK_STOPPED_IT: AttemptMove.CANCEL_STOP,
}

# What could let money move a second time needs a second person (payment lifecycle, rule 6).
NEEDS_TWO = frozenset(
    {
        EvidenceKind.BANK_NEVER_HAD_IT,
        EvidenceKind.BANK_REJECTED_IT,
        EvidenceKind.BANK_STOPPED_IT,
    }
)


class EvidenceState(StrEnum):
    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    REFUSED = "refused"  # The second person does not rely on it.
    WITHDRAWN = "withdrawn"  # Taken back by whoever stated it, which takes no second person.


class OperatorEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """One statement of an operator: about a file (`attempt_id` is "") or one payment in it.

    `told_by` is who said it at the bank; `stated_by` the person id of who wrote it down.
    """

    id: str
    kind: EvidenceKind
    submission_id: str
    attempt_id: str
    told_by: str
    text: str
    stated_by: str
    stated_at: datetime


def may_state(member: Member, about: Iterable[Touched] = ()) -> None:
    """Raise Refused unless this member may add evidence, about each of these payments."""
    if not member.is_person or not duties.may(member, Action.STATE_EVIDENCE):
        raise _refused("not_a_treasurer", f"{member.name} may not state what the bank said.")
    for one in about:
        reach.check(member, Action.STATE_EVIDENCE, one, "Nothing was moved.")


def may_confirm(member: Member, stated: OperatorEvidence) -> None:
    """Raise Refused unless this member may be the second person."""
    may_state(member)
    if member.id == stated.stated_by:
        raise _refused(
            "own_evidence", f"{member.name} stated this; a second person has to confirm it."
        )


def ended_without_counting(member: Member, stated: OperatorEvidence) -> EvidenceState:
    """What it is when this member says that a statement must not count. Raises Refused.

    To judge it is the second person's part (payment lifecycle, rule 6), so whoever stated it can
    only withdraw it; neither moves anything.
    """
    may_state(member)
    return EvidenceState.WITHDRAWN if member.id == stated.stated_by else EvidenceState.REFUSED


def check_still_about(
    stated_at: datetime, in_doubt_since: datetime | None, patience: timedelta
) -> None:
    """Raise Refused when "it never had it" cannot be about the send that is in doubt now.

    `in_doubt_since` is None when nothing is in doubt. What a person said before the newest send
    began proves nothing about it, and too early the bytes may still be on their way.
    """
    if in_doubt_since is not None and stated_at >= in_doubt_since + patience:
        return
    later = "" if in_doubt_since is None else " since its outcome became unknown, for long enough"
    raise Refused(
        "evidence_out_of_date",
        f"This does not say that the bank has not got the file{later}.",
        "Nothing was sent.",
        f"Ask the bank again, {patience.seconds // 60} minutes after the outcome became unknown,"
        " and state what it says then.",
    )


def counts_at_once(kind: EvidenceKind) -> bool:
    return kind not in NEEDS_TWO


def _refused(code: str, happened: str) -> Refused:
    return Refused(code, happened, "No payment was moved.", "Ask another treasurer or approver.")
