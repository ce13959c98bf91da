"""The rules of telling payees, asked about payments: for a plan, or tried on past ones."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from nostro.domain.dry_run import DryRun
from nostro.domain.policies.advising import AdviceRule, AdviceRules, rule_for, told
from nostro.domain.rules.payment_facts import facts_of
from nostro.storage import parties, policies
from nostro.storage.orders import OrderRow
from nostro.workflows.context import Acting
from nostro.workflows.past_comparison import compared
from nostro.workflows.payment_routing import asked


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """What rules are asked with, read once for a unit of work."""

    codes: Mapping[str, str]  # Of entities, by id.
    own: frozenset[str]  # Accounts of ours.

    def rule_for(self, rules: AdviceRules, row: OrderRow) -> AdviceRule | None:
        """The rule that counts for a payment; None where its payee is told nothing."""
        if not rules.rules:
            return None
        facts = facts_of(
            asked(row, self.codes),
            entity=self.codes.get(str(row.entity_id), ""),
            source=row.source,
            own=self.own,
            today=row.instruction.requested_date,
        )
        return rule_for(rules, facts)


def asking() -> Asking:
    """With all entities and accounts of this customer; inside a unit of work."""
    return Asking(
        codes={one.id: one.code for one in parties.entities()},
        own=frozenset(account.number for account in parties.accounts()),
    )


def dry_run(acting: Acting, rules: AdviceRules, since: datetime) -> DryRun:
    """Which payees of payments taken in since a moment would be told otherwise by these rules."""
    names = {str(row.id): row.name for row in parties.connections()}
    before, known = policies.in_force(AdviceRules, acting.world.clock.now()), asking()

    def judge(row: OrderRow) -> tuple[str, str] | None:
        was, now_is = known.rule_for(before, row), known.rule_for(rules, row)
        said = [told(one, names.get(one.connection_id, "") if one else "") for one in (was, now_is)]
        return (said[0], said[1]) if said[0] != said[1] else None

    return compared(acting, since, judge)
