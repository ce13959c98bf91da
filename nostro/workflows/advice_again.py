"""A payee is told again, or at last, because somebody says so and why."""

from __future__ import annotations

from uuid import UUID

from nostro.domain import duties
from nostro.domain.advice_notice import NoticeKind, NoticeState
from nostro.domain.errors import Refused
from nostro.domain.party import Action, Member
from nostro.domain.payee_advice import check_paid
from nostro.domain.policies import reach
from nostro.domain.policies.advising import AdviceRules
from nostro.storage import advice_notices, events, orders, policies
from nostro.storage.advice_notices import NoticeRow
from nostro.storage.orders import OrderRow
from nostro.storage.paid_payments import executed_on
from nostro.storage.tenancy import tenant
from nostro.workflows.advice_rules import asking
from nostro.workflows.case_work import checked_reason
from nostro.workflows.context import Acting
from nostro.workflows.wake import wake

_DID = "Nobody was told anything."


def send_again(acting: Acting, member: Member, order_id: UUID, reason: str) -> UUID:
    """Tell the payee of one payment anew, by today's rules and at today's address, under a new
    Message-ID; returns the notice. Whether he who asks may see the payment is the caller's matter.

    Raises Refused: `payment_unknown`, `not_executed_yet`, `payment_came_back`, `never_executed`,
    `advice_on_its_way`, `advice_by_no_rule`; `not_yours_to_ask` for who does not work on cases,
    `beyond_grant` for who does elsewhere.
    """
    if not duties.may(member, Action.WORK_ON_CASES):
        raise Refused("not_yours_to_ask", f"{member.name} may not have payees told.", _DID)
    why = checked_reason(reason)
    with tenant(acting.tenant_id):
        found = orders.lock([order_id])  # Whoever else asks for the same waits here.
        if not found:
            raise Refused("payment_unknown", "There is no such payment for this customer.", _DID)
        reach.check(member, Action.WORK_ON_CASES, found[0].touched(), _DID)
        check_paid(found[0].number, found[0].state, found[0].route.rail)
        before = advice_notices.lock_about(order_id, NoticeKind.ADVICE)
        _check_ended(before)
        made = _made(acting, found[0], before, why)
        advice_notices.add([made], {made.id: [order_id]}, acting.world.ids.new)
        told = {"notice_id": str(made.id), "reason": why}
        events.record([acting.event("order.advice_asked", "order", order_id, **told)])
        wake("attend_advice", tenant_id=acting.tenant_id)
        return made.id


def _made(acting: Acting, row: OrderRow, before: list[NoticeRow], why: str) -> NoticeRow:
    connection_id, formats, named = _way(acting, row, before)
    now = acting.world.clock.now()
    return NoticeRow(
        id=acting.world.ids.new(),
        kind=NoticeKind.ADVICE,
        state=NoticeState.WAITING,
        round=advice_notices.rounds(row.id, NoticeKind.ADVICE) + 1,
        entity_id=row.entity_id,
        payee_number=row.payee_number,
        confidential=row.confidential,
        connection_id=connection_id,
        formats=formats,
        gathers=False,
        executed_on=executed_on([row.id])[row.id],
        rule=named,
        first_due_at=now,
        next_action_at=now,
        created_at=now,
        asked_by_name=acting.actor.name,
        reason=why,
    )


def _check_ended(before: list[NoticeRow]) -> None:
    if any(one.next_action_at is not None for one in before):
        raise Refused(
            "advice_on_its_way",
            "An advice of this payment is on its way.",
            _DID,
            "Wait until it was sent or given up.",
        )


def _way(
    acting: Acting, row: OrderRow, before: list[NoticeRow]
) -> tuple[UUID, tuple[str, ...], str]:
    """By today's rule; where none names him any more, as he was told before."""
    version = policies.version_in_force(AdviceRules, acting.world.clock.now())
    rule = asking().rule_for(version.content, row)
    if rule is not None:
        named = f"rule {rule.name} of version {version.number}"
        return UUID(rule.connection_id), rule.formats, named
    if before:
        return before[-1].connection_id, before[-1].formats, before[-1].rule
    raise Refused(
        "advice_by_no_rule",
        f"No rule says how the payee of {row.number} is told.",
        _DID,
        "Ask for a rule (remittance_advice), or send him the advice yourself.",
    )
