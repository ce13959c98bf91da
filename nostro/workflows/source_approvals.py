"""An approval given in the source, counted as a person's own where the rules say whose it is.

1. Only what a program says that proved itself by its key: what a file says is told, not trusted.
2. The rules of approving name the person behind the source's name. He counts as if he had approved
   here: once, in his turn, as far as he may, never what he had a hand in, nor above the sums for
   which a fresh proof is needed.
3. Whether it counted, and why not, stands in the payment's trace.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from nostro.domain.errors import NostroError
from nostro.domain.event import Actor
from nostro.domain.order import OrderState
from nostro.domain.policies.approval import ApprovalRules
from nostro.domain.policies.source_approval import person_of
from nostro.storage import approval_rules, events
from nostro.storage.orders import OrderRow
from nostro.workflows import approval, recheck
from nostro.workflows.context import Acting
from nostro.workflows.payment_checks import Checked

PROVES_ITSELF = "api_key"


def count(acting: Acting, checked: Sequence[Checked]) -> None:
    """Count what the source says of the payments that were just stored; in their unit of work."""
    said = [(one.order, one.request.approved_by) for one in checked
            if one.order and one.request.approved_by]  # fmt: skip
    if not said:
        return
    _, rules = approval_rules.in_force(acting.world.clock.now())
    for order, name in said:
        why_not = _why_not(acting, order, name, rules)
        told = {"source": order.source, "name": name, "counted": not why_not, "why_not": why_not}
        event = acting.event("order.source_approval_said", "order", order.id, **told)
        events.record([event])


def _why_not(acting: Acting, order: OrderRow, name: str, rules: ApprovalRules) -> str:
    """Count one; why it does not count, as a code, or "" when it does."""
    if acting.actor.kind != PROVES_ITSELF:
        return "source_not_proven"
    person_id = person_of(rules.source_approvers, order.source, name)
    member = recheck.entitled(acting, [person_id]).get(person_id) if person_id else None
    if member is None:
        return "approver_unknown" if not person_id else "not_an_approver"
    if order.state is not OrderState.AWAITING_APPROVAL:
        return "payment_held"
    person = Actor(kind="person", id=member.id, name=member.name)
    reason = f"approved in {order.source} as {name}"
    try:
        digest = approval.selection_digest({str(order.id): order.approval_digest})
        in_his_place = msgspec.structs.replace(acting, on_behalf_of=person, reason=reason)
        approval.agree(in_his_place, member, [order], digest)
    except NostroError as refusal:
        return refusal.code
    return ""
