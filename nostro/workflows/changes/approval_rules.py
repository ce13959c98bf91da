"""Who approves payments: how many, more above an amount, and rules that name roles and people."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from nostro.domain.dry_run import DryRun
from nostro.domain.errors import Invalid
from nostro.domain.policies.approval import APPROVALS_NEEDED, Above, ApprovalRules
from nostro.domain.policies.approval_steps import ANY_RULE, Rule, Stages
from nostro.domain.policies.approval_words import (
    Names,
    read_when,
    read_who,
    write_when,
    write_who,
)
from nostro.domain.policies.limits import spelled
from nostro.domain.policies.source_approval import SourceApprover
from nostro.storage import approval_rules, people
from nostro.storage.orders import OrderRow
from nostro.workflows import granted
from nostro.workflows.context import Acting
from nostro.workflows.past_comparison import compared
from nostro.workflows.policy_changes import WantedPolicy, policy_kind
from nostro.workflows.rule_names import NO_NAMES, known_names

MOST = 5
RULES_MAX = 50


class WantedAbove(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`amount` as "100000.00 EUR"; single payments above it need so many people."""

    amount: str
    needed: int


class WantedRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rule in words: see nostro.domain.policies.approval_words."""

    name: str
    when: str
    who: str


class WantedApprover(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who a source's approver is here: the source, what it calls him, and his address here."""

    source: str
    name: str
    person: str


class WantedRules(WantedPolicy, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All rules as they are to be; what is left out is not kept.

    `proof_above` are sums like "100000.00 EUR": an approval above one takes a fresh proof of the
    person, and so does any in a currency that is not named when there are some. The first of
    `rules` that a payment falls under says who approves it.
    """

    needed: int = APPROVALS_NEEDED
    above: tuple[WantedAbove, ...] = ()
    proof_above: tuple[str, ...] = ()
    rules: tuple[WantedRule, ...] = ()
    source_approvers: tuple[WantedApprover, ...] = ()


def _read(wanted: WantedRules) -> ApprovalRules:
    for count in (wanted.needed, *(one.needed for one in wanted.above)):
        if not APPROVALS_NEEDED <= count <= MOST:
            raise Invalid(
                "approvals_out_of_range",
                f"A payment cannot take the approval of {count}.",
                "Nothing was asked for.",
                f"It takes {APPROVALS_NEEDED} to {MOST}.",
                field="needed",
            )
    _check_rules(wanted.rules)
    names = known_names()
    return ApprovalRules(
        needed=wanted.needed,
        above=tuple(
            Above(amount=granted.amount_of(one.amount), needed=one.needed) for one in wanted.above
        ),
        step_up_above=tuple(granted.amount_of(amount) for amount in wanted.proof_above),
        rules=tuple(
            Rule(
                name=one.name.strip(),
                where=read_when(one.when, names),
                stages=read_who(one.who, names),
            )
            for one in wanted.rules
        ),
        source_approvers=tuple(_approver(one, names) for one in wanted.source_approvers),
    )


def _approver(one: WantedApprover, names: Names) -> SourceApprover:
    person_id = names.people.get(one.person.strip().lower())
    if not (one.source.strip() and one.name.strip() and person_id):
        raise Invalid(
            "source_approver_unknown",
            f"Nobody here is {one.person[:60] or 'meant'} ({one.source[:40]}: {one.name[:60]}).",
            "Nothing was asked for.",
            "Name the source, the name that it uses, and the address of somebody who works here.",
            field="source_approvers",
        )
    return SourceApprover(source=one.source.strip(), name=one.name.strip(), person_id=person_id)


def _check_rules(rules: tuple[WantedRule, ...]) -> None:
    names = [one.name.strip() for one in rules]
    if len(names) <= RULES_MAX and all(names) and len(set(names)) == len(names):
        return
    raise Invalid(
        "rules_unnamed",
        f"Each rule has a name of its own, and there are {RULES_MAX} at most.",
        "Nothing was asked for.",
        "Name the rules so that people know which one a payment falls under.",
        field="rules",
    )


def _tell(rules: ApprovalRules) -> dict[str, Any]:
    return {
        "people": rules.needed,
        "more": sorted(f"{one.needed} above {spelled(one.amount)}" for one in rules.above),
        "proof_above": sorted(spelled(amount) for amount in rules.step_up_above),
        "rules": [f"{one.name} | {one.when} | {one.who}" for one in _written(rules)],
        **_told_approvers(rules),
    }


def _told_approvers(rules: ApprovalRules) -> dict[str, Any]:
    """Only where there are some: most customers have none."""
    told = [f"{one.source} | {one.name} | {one.person}" for one in _approvers(rules)]
    return {"source_approvers": told} if told else {}


def _approvers(rules: ApprovalRules) -> tuple[WantedApprover, ...]:
    if not rules.source_approvers:
        return ()
    addresses = people.emails(UUID(one.person_id) for one in rules.source_approvers)
    return tuple(
        WantedApprover(
            source=one.source, name=one.name, person=addresses.get(one.person_id, one.person_id)
        )
        for one in rules.source_approvers
    )


def _write(rules: ApprovalRules) -> WantedRules:
    return WantedRules(
        needed=rules.needed,
        above=tuple(WantedAbove(amount=str(one.amount), needed=one.needed) for one in rules.above),
        proof_above=tuple(str(amount) for amount in rules.step_up_above),
        rules=_written(rules),
        source_approvers=_approvers(rules),
    )


def _written(rules: ApprovalRules) -> tuple[WantedRule, ...]:
    names = known_names() if rules.rules else NO_NAMES
    return tuple(
        WantedRule(
            name=one.name,
            when=write_when(one.where, names),
            who=write_who(one.stages, names),
        )
        for one in rules.rules
    )


def _try(acting: Acting, wanted: ApprovalRules, since: datetime) -> DryRun:
    """Which past payments would have needed other people, or more of them."""
    names, known = known_names(), dict[str, ApprovalRules]()

    def judge(row: OrderRow) -> tuple[str, str] | None:
        if row.policy_version not in known:
            known[row.policy_version] = approval_rules.of(row.policy_version)
        then, now = _asked(known[row.policy_version], row), _asked(wanted, row)
        if then[1] == now[1]:
            return None
        return _told(*then, names), _told(*now, names)

    return compared(acting, since, judge)


def _asked(rules: ApprovalRules, row: OrderRow) -> tuple[str, Stages]:
    """The name of the rule that a payment falls under, "" for none, and whose agreement it asks."""
    matter = row.matter()
    chosen = rules.chosen(matter)
    name = "" if chosen == ANY_RULE else rules.rules[chosen].name
    return name, rules.stages(chosen, matter.amount)


def _told(rule: str, stages: Stages, names: Names) -> str:
    if not rule:
        return f"any {stages[0][0].needed} who may approve"
    return f"{rule}: {write_who(stages, names)}"


KIND = policy_kind(
    ApprovalRules,
    name="approval_rules",
    title="Who approves payments",
    wanted=WantedRules,
    read=_read,
    tell=_tell,
    write=_write,
    counts_people=True,
    dry_run=_try,
)
