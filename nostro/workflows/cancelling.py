"""Taking payments back: free before they leave, a recall at the bank afterwards.

1. What has not begun to leave is cancelled at once; the others of its file get a file of their own.
2. What has left is asked back: one request a file, one case a payment, with the bank's deadline.
The claim of the submission's row decides the race: either the file leaves or the payment is
cancelled, and the loser is told which.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec

from nostro.domain.attempt import Verdict
from nostro.domain.errors import Refused
from nostro.domain.order import ORDER, OrderMove, OrderState
from nostro.domain.party import Member
from nostro.domain.payment import Rail
from nostro.domain.policies import confidential
from nostro.domain.policies import recall as policy
from nostro.domain.policies.recall import CancelPurpose, RecallReason
from nostro.domain.submission import SUBMISSION, SubmissionMove, SubmissionState
from nostro.storage import attempts as attempts_stored
from nostro.storage import checks, orders, submissions
from nostro.storage.orders import OrderRow
from nostro.storage.submissions import AttemptRow
from nostro.storage.tenancy import tenant
from nostro.workflows import recall
from nostro.workflows.case_work import checked_reason
from nostro.workflows.context import Acting
from nostro.workflows.lock_order import lock
from nostro.workflows.moves import move_attempts, move_orders, move_submission
from nostro.workflows.wake import wake


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """Why payments are taken back, and what is to become of them."""

    reason: RecallReason
    text: str
    purpose: CancelPurpose = CancelPurpose.STOP


class NotTaken(msgspec.Struct, frozen=True, kw_only=True):
    """A payment that can no longer be taken back, and why."""

    order_id: UUID
    sentence: str


class TakenBack(msgspec.Struct, frozen=True, kw_only=True):
    """What became of each payment: cancelled, asked back (its case's id), or not possible."""

    cancelled: tuple[UUID, ...]
    recalled: dict[UUID, UUID]
    not_taken: tuple[NotTaken, ...]


def take_back(acting: Acting, member: Member, order_ids: Sequence[UUID], wish: Wish) -> TakenBack:
    """Cancel or recall payments, each as far as it has got; one transaction for all.

    Raises Refused when the member may not, or a payment is unknown; Invalid when the reason does
    not allow the purpose.
    """
    policy.may_cancel(member)
    policy.check_purpose(wish.reason, wish.purpose)
    wish = msgspec.structs.replace(wish, text=checked_reason(wish.text))
    with tenant(acting.tenant_id):
        rows, attempts = locked_with_files(order_ids)
        confidential.check(member, confidential=any(row.confidential for row in rows))
        for row in rows:
            policy.may_cancel(member, row.touched())
        free = [row for row in rows if ORDER.allows(row.state, OrderMove.CANCEL)]
        cancelled = _cancel(acting, free, attempts, wish)
        gone = [
            attempts[row.id]
            for row in rows
            if row.id in attempts and policy.is_recallable(row.state, attempts[row.id].state)
        ]
        here = _still_here(gone)
        cancelled += _cancel_in_file(acting, here, wish)
        gone = [row for row in gone if row not in here]
        asked = recall.Asked(reason=wish.reason, purpose=wish.purpose, text=wish.text)
        recalled, not_taken = recall.ask_back(acting, gone, asked)
        done = {*cancelled, *recalled, *not_taken}
        ended = [row for row in rows if row.id not in done]
        not_taken |= {row.id: _why_ended(row) for row in ended}
        return TakenBack(
            cancelled=tuple(cancelled),
            recalled=recalled,
            not_taken=tuple(
                NotTaken(order_id=order_id, sentence=why) for order_id, why in not_taken.items()
            ),
        )


def _why_ended(row: OrderRow) -> str:
    if row.route.rail is Rail.CHECK and row.state is OrderState.IN_FLIGHT:
        number = checks.number_of_order(row.id)
        return (
            f"Check {number} was drawn for {row.number}: have it void or stopped under Positive"
            " pay; the payment is cancelled once the bank knows."
        )
    return f"{row.number} is {row.state}: nothing is on its way."


def locked_with_files(order_ids: Sequence[UUID]) -> tuple[list[OrderRow], dict[UUID, AttemptRow]]:
    """The orders and their live attempts, locked; their files and all that is in them before, for
    one that is given up frees the others too."""
    files = attempts_stored.files_of_orders(order_ids)
    lock(files, {*order_ids, *submissions.order_ids_of_files(files)})
    rows = orders.lock(order_ids)
    if not order_ids or len(rows) != len(set(order_ids)):
        raise Refused(
            "payment_unknown",
            "One of these payments does not exist for this customer.",
            "Nothing was cancelled.",
            "Reload the page and choose again.",
        )
    return rows, {row.order_id: row for row in attempts_stored.live(order_ids)}


def _cancel(
    acting: Acting, free: list[OrderRow], attempts: dict[UUID, AttemptRow], wish: Wish
) -> list[UUID]:
    """Cancel what has not begun to leave; a file that held it is made anew without it."""
    for submission_id in sorted({attempts[o.id].submission_id for o in free if o.id in attempts}):
        take_apart(acting, submission_id, wish.text)
    return move_orders(
        acting, [row.id for row in free], OrderMove.CANCEL, reason=wish.reason, text=wish.text
    )


def _still_here(gone: Sequence[AttemptRow]) -> list[AttemptRow]:
    """Payments of files that surely have not reached the bank and wait to be tried again."""
    files = submissions.load({row.submission_id for row in gone})
    here = {file.id for file in files if file.state is SubmissionState.NOT_DELIVERED}
    return [row for row in gone if row.submission_id in here]


def _cancel_in_file(acting: Acting, here: Sequence[AttemptRow], wish: Wish) -> list[UUID]:
    """End them where they are; the file is not tried again with a payment that was stopped."""
    step = policy.CANCEL_MOVE[CancelPurpose.STOP]
    ids = [row.id for row in here]
    did = move_attempts(acting, ids, step, reason=wish.reason, text=wish.text)
    return [row.order_id for row in here if did.get(row.id) is Verdict.APPLIED]


def take_apart(
    acting: Acting, submission_id: UUID, text: str, *, reason: str = "cancelled"
) -> None:
    """Give up a file that never left: all its payments are due again, in another file."""
    row = submissions.lock(submission_id)
    if row is None or not SUBMISSION.allows(row.state, SubmissionMove.ABANDON):
        raise Refused(
            "already_leaving",
            "The file with this payment has just begun to leave.",
            "Nothing was cancelled.",
            "Ask again: it is recalled from the bank then.",
        )
    inside = submissions.order_ids_of(submissions.attempts_of(row.id))
    submissions.update(row.id, next_action_at=None)
    move_submission(acting, row, SubmissionMove.ABANDON, reason=reason, text=text)
    orders.act_at(inside, acting.world.clock.now())
    wake("release_payments", tenant_id=acting.tenant_id)
