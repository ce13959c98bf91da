"""What waits for approval, for programs and people to read. Approving stays with people."""

from __future__ import annotations

from collections.abc import Iterable

from django.http import HttpRequest
from ninja import Router

from nostro.api.callers import allowed, in_one_customer
from nostro.api.told_approvals import ApprovalInbox, WaitingGroup, WaitingPayment
from nostro.domain.bank_calendar import Plan
from nostro.domain.money import Money
from nostro.domain.party import Role
from nostro.domain.policies.approval import ApprovalRules
from nostro.domain.policies.approval_steps import Waits
from nostro.storage import approval_rules
from nostro.storage.keys import Scope
from nostro.storage.pages.approvals import ToDecide, chosen
from nostro.storage.pages.waiting import (
    GroupKey,
    GroupSum,
    Reader,
    WaitingFilter,
    waiting_payments,
)
from nostro.storage.paging import LIMIT_DEFAULT
from nostro.workflows import approval_outlook, hold_desk

router = Router(tags=["approvals"])
router.add_decorator(in_one_customer, mode="operation")


@router.get(
    "/approvals", response=ApprovalInbox, summary="What waits for approval, for whom, until when"
)
def list_approvals(
    request: HttpRequest,
    group: str = "",
    unusual: bool | None = None,
    limit: int = LIMIT_DEFAULT,
    cursor: str = "",
) -> ApprovalInbox:
    caller = allowed(request, Scope.PAYMENTS_READ)
    acting = caller.acting()
    now = acting.world.clock.now()
    reader = Reader(member=caller.as_member(Role.AUDITOR), now=now)
    wanted = WaitingFilter(group=GroupKey.read(group) if group else None, unusual=unusual)
    found = waiting_payments(reader, wanted, limit=limit, cursor=cursor)
    mine = {row.id for row in found.rows if row.mine}
    rows = chosen([row.id for row in found.rows], now)
    plans = hold_desk.plans_of(acting, [row.payment.id for row in rows])
    rules = approval_rules.of_all({row.policy_version for row in rows})
    return ApprovalInbox(
        as_of=now,
        groups=_groups(found.groups),
        items=[
            _payment(
                row,
                rules[row.policy_version],
                plans.get(row.payment.id),
                yours=row.payment.id in mine,
            )
            for row in rows
        ],
        next=found.next or None,
    )


def _payment(
    row: ToDecide, rules: ApprovalRules, plan: Plan | None, *, yours: bool
) -> WaitingPayment:
    told = row.payment
    given = len(row.approved_by)
    ahead = approval_outlook.outlook(rules, Waits.read(row.waits_for), told.amount, given)
    key = GroupKey(
        run_id=row.run_id, account_id=told.account_id, rail=row.rail, day=told.requested_date
    )
    return WaitingPayment(
        id=told.id,
        number=told.number,
        payee=told.creditor_name,
        payee_number=told.payee_number,
        amount=told.amount,
        entity=told.entity_code,
        bank=row.bank,
        account=told.account_name,
        rail=row.rail,
        requested_date=told.requested_date,
        made_by=told.maker_name,
        digest=told.approval_digest,
        approved_by=list(told.approved_by),
        needed=ahead.needed,
        waits_for=approval_outlook.waited_for(ahead),
        yours=yours,
        unusual=row.unusual,
        executed_on=plan.day if plan else None,
        cut_off=plan.last if plan else None,
        leaves_at=plan.leaves_at if plan else None,
        group=str(key),
    )


def _groups(found: Iterable[GroupSum]) -> list[WaitingGroup]:
    """One line for each group and currency, whatever is unusual or the reader's in it."""
    sums: dict[tuple[GroupKey, str], list[GroupSum]] = {}
    for one in found:
        sums.setdefault((one.key, one.currency), []).append(one)
    return [
        WaitingGroup(
            group=str(key),
            account_id=key.account_id,
            run_id=key.run_id,
            rail=key.rail,
            day=key.day,
            total=Money(sum(one.minor for one in parts), currency),
            count=sum(one.count for one in parts),
            yours=sum(one.count for one in parts if one.mine),
            unusual=sum(one.count for one in parts if one.unusual),
        )
        for (key, currency), parts in sorted(sums.items(), key=lambda item: str(item[0]))
    ]
