"""Files that waited: is each payment in one still what was approved, and what if one is not?

Asked whenever a file is about to leave. One that was never tried is taken apart, and the release
makes a new one of what may still leave; one that was tried stays as it is, and a person is told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from nostro.domain.policies import dispatching
from nostro.domain.policies.dispatching import Step
from nostro.domain.policies.objections import Objection, Standing, objection
from nostro.storage import attempts, orders, submissions
from nostro.storage.orders import OrderRow
from nostro.storage.submissions import StoredSubmission, SubmissionRow
from nostro.workflows import cancelling, cut_off_days, recheck
from nostro.workflows.context import Acting
from nostro.workflows.enquiry import open_case

NAMED = 10  # How many payments a sentence names.
_WORDS: Mapping[Objection, str] = {
    Objection.NOT_WAITING: "it was held, stopped or cancelled since",
    Objection.TOO_LATE: "its latest date has passed",
    Objection.NOT_APPROVED: "it is not covered by its approvals any more",
    Objection.ACCOUNT_CHANGED: "the payee's account was changed since",
    Objection.APPROVER_LEFT: "who approved it may no longer approve",
    Objection.DAY_MISSED: "the bank cannot execute it on the day that the file says any more",
}


class Outdated(msgspec.Struct, frozen=True, kw_only=True):
    """A payment that may not leave any more with the file that it is in, and why."""

    number: str
    objection: Objection


def outdated(acting: Acting, row: StoredSubmission) -> list[Outdated]:
    """The payments of a file, locked, of which what was approved does not hold any more."""
    if row.purpose != submissions.PAYMENTS:
        return []
    inside = orders.load(submissions.order_ids_of(submissions.attempts_of(row.id)))
    found = recheck.standings(acting, inside)
    if late := cut_off_days.late_in_file(acting, row):
        days, anew = attempts.days_of_orders(row.id), dispatching.was_never_tried(row)
        for order in inside:
            day, known = days[order.id], found[order.id]
            found[order.id] = cut_off_days.with_day(order, known, day, late, anew=anew)
    return [one for order in inside if (one := _outdated(order, found[order.id]))]


def _outdated(order: OrderRow, standing: Standing) -> Outdated | None:
    why = objection(standing)
    return Outdated(number=order.number, objection=why) if why else None


def take_apart_or_set_aside(
    acting: Acting, row: SubmissionRow, step: Step, found: Sequence[Outdated]
) -> None:
    """Instead of sending it. Taken apart, the release looks at each payment again: one that is too
    late expires, one that is not approved goes back to people, the others leave in a new file."""
    if step is Step.TAKE_APART:
        cancelling.take_apart(acting, row.id, _told(found), reason=found[0].objection)
        return
    again_at = acting.world.clock.now() + dispatching.OVERDUE_LOOK_AGAIN_AFTER
    submissions.update(row.id, next_action_at=again_at)
    set_aside(acting, row, _told(found))


def set_aside(acting: Acting, row: SubmissionRow, why: str) -> None:
    """These bytes stay here, and a person decides what becomes of the payments in them."""
    open_case(
        acting,
        row,
        f"File {row.message_id} was not sent: {why}.",
        key=f"set-aside/{row.id}",
        can_do="Cancel its payments, or what is left of them, and make new ones; this file stays"
        " here.",
    )


def _told(found: Sequence[Outdated]) -> str:
    named = [f"{one.number}: {_WORDS[one.objection]}" for one in found[:NAMED]]
    more = [f"and {len(found) - NAMED} more"] if len(found) > NAMED else []
    return "; ".join([*named, *more])
