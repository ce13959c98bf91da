"""Making a payment again that ended without reaching its payee: a new order, newly approved.

1. The old payment stays as it ended; only one payment can take its place.
2. The new one is checked like any other, but not called a duplicate of those it replaces.
3. Both traces name each other, and the cases about the old one are told.
"""

from __future__ import annotations

from uuid import UUID

import msgspec

from nostro.domain.case import CASE, CaseKind, CaseMove, ReturnMove
from nostro.domain.errors import Invalid, Refused
from nostro.domain.party import Member
from nostro.domain.policies import confidential, making
from nostro.domain.policies import reissue as policy
from nostro.storage import cases, events, orders
from nostro.storage.orders import OrderRow
from nostro.storage.payment_links import is_contradicted, live_check, replaced_before, replacement
from nostro.storage.tenancy import tenant
from nostro.workflows import order_intake
from nostro.workflows.case_work import allows_stage, checked_reason, move, move_stage
from nostro.workflows.context import Acting
from nostro.workflows.correction import Correction, corrected
from nostro.workflows.payment_checks import Maker, check_all

REFERENCE_MAX = 60  # Of the old reference, so that the new one has at most 70 characters.


def reissue(
    acting: Acting, member: Member, order_id: UUID, correction: Correction, reason: str
) -> UUID:
    """Make a payment in place of one that ended unpaid; returns the new order's id.

    Raises Refused when the member may not, the payment may still be paid or was, or another one
    has taken its place already; Invalid when the new one cannot be taken.
    """
    making.may_make(member)
    told = checked_reason(reason)
    with tenant(acting.tenant_id):
        old = _replaceable(order_id)
        confidential.check(member, confidential=old.confidential)
        earlier = [old.number, *(row.number for row in replaced_before(old.id))]
        policy.check_amount(old.instruction.amount, correction.amount or old.instruction.amount)
        reference = _reference(old, correction.source_reference, again=len(earlier) + 1)
        today = acting.world.clock.now().date()
        request = corrected(old, correction, reference, earliest=today)
        maker = Maker(id=acting.actor.id, name=acting.actor.name, member=member)
        (checked,) = check_all(acting, old.source, [request], None, maker=maker, instead_of=earlier)
        if checked.order is None:
            raise Invalid(
                checked.findings[0].code,
                f"The replacement of {old.number} cannot be taken: {checked.findings[0].sentence}",
                "No new payment was made.",
                "Correct it and send the request again.",
            )
        new = msgspec.structs.replace(checked.order, replaces=old.id)
        order_intake.store(acting, [msgspec.structs.replace(checked, order=new)])
        _tell(acting, old, new, told)
        _tell_cases(acting, old, new)
        return new.id


def _replaceable(order_id: UUID) -> OrderRow:
    """The old payment, locked: two requests at once cannot both take its place."""
    rows = orders.lock([order_id])
    if not rows:
        raise Refused("payment_unknown", "There is no such payment for this customer.")
    policy.check_ended(rows[0].number, rows[0].state)
    if other := replacement(order_id):
        raise Refused(
            "replaced_already",
            f"{rows[0].number} was replaced by {other.number}, which is {other.state}.",
            "No new payment was made.",
            f"Follow {other.number}; if it too ends unpaid, re-issue that one.",
        )
    if is_contradicted(order_id):
        raise Refused(
            "contradiction_open",
            f"The bank contradicts itself about {rows[0].number}: it may have been paid.",
            "No new payment was made.",
            "Ask the bank which is true and resolve the case; then re-issue it.",
        )
    if check := live_check(order_id):
        raise Refused(
            "check_not_dead",
            f"Check {check[0]} of {rows[0].number} is {check[1].replace('_', ' ')}: the bank may"
            " still pay it, or did.",
            "No new payment was made.",
            "Have it stopped and wait until the bank knows; then re-issue it.",
        )
    return rows[0]


def _reference(old: OrderRow, wanted: str, again: int) -> str:
    """The source's number of the new payment: as it says, or the old one with a count."""
    return wanted or f"{old.source_reference[:REFERENCE_MAX]}/{again}"


def _tell(acting: Acting, old: OrderRow, new: OrderRow, reason: str) -> None:
    by = {"replaced_by": str(new.id), "replaced_by_number": new.number, "reason": reason}
    of = {"replaces": str(old.id), "replaces_number": old.number, "reason": reason}
    events.record(
        [
            acting.event("order.replaced", "order", old.id, **by),
            acting.event("order.reissued", "order", new.id, **of),
        ]
    )


def _tell_cases(acting: Acting, old: OrderRow, new: OrderRow) -> None:
    """A return goes on to re-issued, where its table lets it; a rejection has been repaired."""
    for row in cases.of_orders([old.id], CaseKind.RETURN):
        case = cases.lock(row.id)
        if case and allows_stage(case, ReturnMove.REISSUE):
            move_stage(acting, case, ReturnMove.REISSUE, text=new.number)
    for row in cases.of_orders([old.id], CaseKind.REJECTION):
        case = cases.lock(row.id)
        if case and CASE.allows(case.state, CaseMove.RESOLVE):
            move(acting, case, CaseMove.RESOLVE, outcome=f"Re-issued as {new.number}.")
