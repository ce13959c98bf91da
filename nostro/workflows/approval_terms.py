"""On which terms a payment is put to its approvers: rules in force, digest, whose turn it is.

The version of the rules is part of what is approved. When other rules come into force, what waits
is put to people anew under those, and agreements to the old ones are void.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

import msgspec

from nostro.domain.order import OrderState
from nostro.domain.party import Member
from nostro.domain.policies import approval as policy
from nostro.domain.policies import approval_steps as steps
from nostro.domain.policies.approval import ApprovalRules, Authorship
from nostro.domain.policies.approval_steps import Given, Progress, Stages, Waits
from nostro.domain.policies.positive_pay import PositivePayTerms
from nostro.storage import approval_rules, approvals, checks, events, orders, policies
from nostro.storage.approvals import Terms
from nostro.storage.orders import OrderRow
from nostro.storage.tenancy import tenant
from nostro.workflows.context import Acting
from nostro.workflows.wake import wake

_ASKED_FOR = (OrderState.AWAITING_APPROVAL, OrderState.HELD)
AT_ONCE = 500  # Payments put to people anew in one unit of work.


def put(order: OrderRow, version: str, rules: ApprovalRules) -> OrderRow:
    """The order under this version of the rules: with its digest, and nobody agreed to it yet."""
    order = msgspec.structs.replace(order, route=order.route.anew())
    rule = rules.chosen(matter := order.matter())
    start = steps.untouched(rules.stages(rule, matter.amount))
    asked = msgspec.structs.replace(
        order, policy_version=version, waits_for=str(Waits(rule=rule, progress=start))
    )
    return msgspec.structs.replace(asked, approval_digest=asked.approvable().digest())


def ask_anew(acting: Acting, rows: Sequence[OrderRow]) -> list[OrderRow]:
    """Void what was agreed to these locked orders; they are put to people under the rules in
    force. Inside a unit of work."""
    now = acting.world.clock.now()
    version, rules = approval_rules.in_force(now)
    approvals.void([row.id for row in rows], now)
    asked = [put(row, version, rules) for row in rows]
    for row in asked:
        approvals.put_to(
            row.id,
            Terms(
                payee_account_id=row.payee_account_id,
                policy_version=row.policy_version,
                digest=row.approval_digest,
                waits_for=row.waits_for,
                route=row.route,
            ),
        )
    return asked


def stages_of(order: OrderRow, rules: ApprovalRules) -> Stages:
    """Whose agreement an order needs under the rules that it was put to people with."""
    found = Waits.read(order.waits_for)
    rule = found.rule if found else rules.chosen(order.matter())
    return rules.stages(rule, order.instruction.amount)


def progress_of(
    order: OrderRow,
    rules: ApprovalRules,
    given: Sequence[Given],
    able: Mapping[str, Member],
    authors: Authorship,
) -> Progress:
    """How far agreements bring an order: only those of people who may approve it, each in a place
    of his own."""
    able = counting(order, given, able, authors)
    return steps.progress(stages_of(order, rules), given, able, order.touched())


def counting(
    order: OrderRow, given: Sequence[Given], able: Mapping[str, Member], authors: Authorship
) -> dict[str, Member]:
    """Those whose agreements count now, each in a place of his own."""
    mine = {one.person_id: able[one.person_id] for one in given if one.person_id in able}
    apart = policy.apart(mine, order.touched(), authors.people)
    return {who: member for who, member in mine.items() if who in apart}


def rules_of(rows: Iterable[OrderRow]) -> dict[str, ApprovalRules]:
    """The rules that each of these orders is approved by, by the name of the version."""
    return approval_rules.of_all({row.policy_version for row in rows})


def apply_policy(acting: Acting, policy_id: UUID) -> None:
    """A version of a policy comes into force. Its own rows say whether it is still the one."""
    while True:
        with tenant(acting.tenant_id):
            kind = policies.kind_of(policy_id)
            if kind == PositivePayTerms.KIND and checks.make_due(acting.world.clock.now()):
                wake("tell_checks", tenant_id=acting.tenant_id)
            if kind != ApprovalRules.KIND:
                return policies.came_into_force(policy_id)
            version, _ = approval_rules.in_force(acting.world.clock.now())
            rows = orders.lock(orders.under_other_rules(version, _ASKED_FOR, AT_ONCE))
            if not rows:
                return policies.came_into_force(policy_id)
            _tell(acting, rows, ask_anew(acting, rows))


def _tell(acting: Acting, before: Sequence[OrderRow], after: Sequence[OrderRow]) -> None:
    own = [
        {"number": new.number, "rules_before": old.policy_version, "rules": new.policy_version,
         "digest": new.approval_digest}
        for old, new in zip(before, after, strict=True)
    ]  # fmt: skip
    subjects = [row.id for row in after]
    events.record_alike(acting.alike("order.approval_asked_anew", "order", subjects, own))
