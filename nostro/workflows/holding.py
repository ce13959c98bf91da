"""Holding payments before they leave: somebody, or a program, wants a person to look first.

Whatever was agreed to before is void: the hold is released with a reason by somebody other than
the maker, and then the payment is approved anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from nostro.domain.errors import Refused
from nostro.domain.order import ORDER, OrderMove, OrderState
from nostro.domain.party import Member
from nostro.domain.policies import approval as policy
from nostro.domain.policies import confidential
from nostro.domain.policies.checks import Effect, Finding
from nostro.storage import events, orders
from nostro.storage.orders import OrderRow
from nostro.storage.tenancy import tenant
from nostro.storage.tracing import open_holds
from nostro.workflows import approval_terms
from nostro.workflows.cancelling import locked_with_files, take_apart
from nostro.workflows.case_work import checked_reason
from nostro.workflows.context import Acting
from nostro.workflows.moves import move_orders

HELD_BY = "held_by_request"
_AGREED_TO = (OrderState.AWAITING_APPROVAL, OrderState.APPROVED, OrderState.SCHEDULED)
_BACK_TO_HELD = (OrderMove.EDIT, OrderMove.VALIDATE, OrderMove.HOLD)


def place_hold(acting: Acting, member: Member, order_ids: Sequence[UUID], reason: str) -> None:
    """Hold payments that have not begun to leave; all or none. One already held is held once more.

    Raises Refused when the member may not, a payment is unknown, or one has begun to leave.
    """
    policy.may_hold(member)
    told = checked_reason(reason)
    with tenant(acting.tenant_id):
        rows, attempts = locked_with_files(order_ids)
        confidential.check(member, confidential=any(row.confidential for row in rows))
        for row in rows:
            policy.may_hold(member, row.touched())
            _check(row)
        for submission_id in sorted({attempt.submission_id for attempt in attempts.values()}):
            take_apart(acting, submission_id, told)
        for row in rows:
            sentence = f"{member.name} asked to hold it: {told}"
            finding = Finding(code=HELD_BY, effect=Effect.HOLD, sentence=sentence)
            _hold(acting, row, finding, told)


def hold_found(acting: Acting, found: Mapping[UUID, Finding]) -> list[UUID]:
    """Hold payments that have not begun to leave for what was found about each; others stay as
    they are, and so does one that is held for the same already. Inside a unit of work."""
    if not found:
        return []
    rows, attempts = locked_with_files(sorted(found))
    waits = [row for row in rows if _may_be_held(row)]
    before = {row.id: {hold.code for hold in open_holds(row.id)} for row in waits}
    held = [row for row in waits if found[row.id].code not in before[row.id]]
    files = {attempts[row.id].submission_id for row in held if row.id in attempts}
    for submission_id in sorted(files):
        take_apart(acting, submission_id, found[held[0].id].sentence)
    for row in held:
        _hold(acting, row, found[row.id], found[row.id].sentence)
    return [row.id for row in held]


def ask_again(acting: Acting, found: Sequence[UUID], reason: str, text: str) -> None:
    """Put payments that have not begun to leave to their approvers again: what they agreed to is
    void. Those that are held stay as they are. Inside a unit of work."""
    if not found:
        return
    rows, attempts = locked_with_files(sorted(found))
    again = [row for row in rows if row.state in _AGREED_TO]
    files = {attempts[row.id].submission_id for row in again if row.id in attempts}
    for submission_id in sorted(files):
        take_apart(acting, submission_id, text)
    approval_terms.ask_anew(acting, again)
    for step in (OrderMove.EDIT, OrderMove.VALIDATE, OrderMove.REQUEST_APPROVAL):
        move_orders(acting, [row.id for row in again], step, reason=reason, text=text)


def _may_be_held(row: OrderRow) -> bool:
    return row.state is OrderState.HELD or ORDER.allows(row.state, OrderMove.EDIT)


def _check(row: OrderRow) -> None:
    if _may_be_held(row):
        return
    raise Refused(
        "too_late_to_hold",
        f"{row.number} is {row.state}: there is nothing left to hold.",
        "Nothing was held.",
        "If it is on its way, recall it.",
    )


def _hold(acting: Acting, row: OrderRow, finding: Finding, reason: str) -> None:
    now = acting.world.clock.now()
    orders.insert_holds([(acting.world.ids.new(), row.id, finding)], now)
    told = {"number": row.number, "state_before": row.state.value, "reason": reason}
    events.record([acting.event("order.hold_placed", "order", row.id, **told)])
    if row.state is OrderState.HELD:
        return
    approval_terms.ask_anew(acting, [row])
    for step in _BACK_TO_HELD:
        move_orders(acting, [row.id], step, reason=finding.code, text=reason)
