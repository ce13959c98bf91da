"""How many people approve a payment, and from which amounts on there are more of them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from nostro.domain.errors import Invalid
from nostro.domain.party import Action
from nostro.domain.policies.approval import APPROVALS_NEEDED, Above, ApprovalRules
from nostro.domain.policies.limits import spelled
from nostro.storage import approval_policies, events
from nostro.workflows import granted
from nostro.workflows.changes import Change, Done, Kind
from nostro.workflows.context import Acting

MOST = 5


class WantedAbove(msgspec.Struct, frozen=True, kw_only=True):
    """`amount` as "100000.00 EUR"; single payments above it need so many people."""

    amount: str
    needed: int


class WantedRules(msgspec.Struct, frozen=True, kw_only=True):
    """All rules as they are to be; what is left out is not kept.

    `proof_above` are sums like "100000.00 EUR": an approval above one takes a fresh proof of the
    person, and so does any in a currency that is not named when there are some.
    """

    needed: int = APPROVALS_NEEDED
    above: tuple[WantedAbove, ...] = ()
    proof_above: tuple[str, ...] = ()


def _rules(wanted: WantedRules) -> ApprovalRules:
    for count in (wanted.needed, *(one.needed for one in wanted.above)):
        if not APPROVALS_NEEDED <= count <= MOST:
            raise Invalid(
                "approvals_out_of_range",
                f"{count} people cannot be asked to approve a payment.",
                "Nothing was asked for.",
                f"It takes {APPROVALS_NEEDED} to {MOST}.",
                field="needed",
            )
    return ApprovalRules(
        needed=wanted.needed,
        above=tuple(
            Above(amount=granted.amount_of(one.amount), needed=one.needed) for one in wanted.above
        ),
        step_up_above=tuple(granted.amount_of(amount) for amount in wanted.proof_above),
    )


def _told(rules: ApprovalRules) -> dict[str, Any]:
    return {
        "people": rules.needed,
        "more": sorted(f"{one.needed} above {spelled(one.amount)}" for one in rules.above),
        "proof_above": sorted(spelled(amount) for amount in rules.step_up_above),
    }


def _look(acting: Acting, wanted: WantedRules, _: UUID) -> Change:
    return Change(
        subject_id=acting.tenant_id,
        subject="Rules of approving",
        before=_told(approval_policies.rules()),
        after=_told(_rules(wanted)),
    )


def _apply(acting: Acting, wanted: WantedRules, change: Change, done: Done) -> None:
    by = f"{done.asked_by_name} and {acting.actor.name}"
    now = acting.world.clock.now()
    version = approval_policies.add(acting.world.ids.new(), _rules(wanted), by, now)
    told = {"before": change.before, "after": change.after, "version": version}
    changed = acting.event("customer.approval_rules_changed", "customer", acting.tenant_id, **told)
    events.record([changed])


KIND = Kind(
    name="approval_rules",
    title="How many people approve",
    wanted=WantedRules,
    asks=(Action.PROPOSE_ACCESS,),
    decides=Action.DECIDE_ACCESS,
    look=_look,
    apply=_apply,
    counts_people=True,
)
