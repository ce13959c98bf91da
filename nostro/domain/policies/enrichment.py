"""What the customer's treasury adds to a payment: its purpose for the bank, and a cost centre."""

from __future__ import annotations

import re
from typing import ClassVar

import msgspec

from nostro.domain.errors import Invalid
from nostro.domain.payment import Added
from nostro.domain.policies.routing_rules import (
    Example,
    RoutingRule,
    RoutingRules,
    falls_under,
)
from nostro.domain.policy import Policy, Version
from nostro.domain.rules.expression import Facts

# ISO 20022 ExternalPurpose1Code and ExternalCategoryPurpose1Code: four capital letters.
_CODE = re.compile(r"[A-Z]{4}\Z")
COST_CENTRE_MAX = 35


class EnrichmentRule(msgspec.Struct, frozen=True, kw_only=True):
    """For payments like `when`: the purpose of each, that of its batch, and a cost centre."""

    name: str
    purpose: str = ""
    category_purpose: str = ""
    cost_centre: str = ""
    when: str = ""


class EnrichmentRules(Policy, frozen=True, kw_only=True):
    """Every rule in its order, and the examples that hold them; without any, nothing is added."""

    KIND: ClassVar[str] = "enrichment"

    rules: tuple[EnrichmentRule, ...] = ()
    examples: tuple[Example, ...] = ()

    def conditions(self) -> RoutingRules:
        """The conditions and examples alone."""
        rules = tuple(RoutingRule(name=one.name, when=one.when) for one in self.rules)
        return RoutingRules(rules=rules, examples=self.examples)


def added(version: Version[EnrichmentRules], facts: Facts) -> Added | None:
    """What the first rule that a payment falls under adds; None where it falls under none."""
    found = falls_under(version.content.conditions(), facts)
    if not found:
        return None
    rule = next(one for one in version.content.rules if one.name == found[0].name)
    return Added(
        purpose=rule.purpose,
        category_purpose=rule.category_purpose,
        cost_centre=rule.cost_centre,
        intercompany=bool(facts["intercompany"]),
        rule=f"rule {rule.name} of enrichment {version.number}",
    )


def check(rule: EnrichmentRule) -> None:
    """Raises Invalid (`enrichment_unfit`) for what no bank file has room for."""
    for code in (rule.purpose, rule.category_purpose):
        if code and not _CODE.match(code):
            raise _unfit(f"{code[:20]!r} is no purpose code.")
    if len(rule.cost_centre) > COST_CENTRE_MAX:
        raise _unfit(f"The cost centre of {rule.name} has more than {COST_CENTRE_MAX} characters.")
    if not (rule.purpose or rule.category_purpose or rule.cost_centre):
        raise _unfit(f"The rule {rule.name} adds nothing.")


def _unfit(happened: str) -> Invalid:
    return Invalid(
        "enrichment_unfit",
        happened,
        "Nothing was asked for.",
        'Write a rule like: Salaries | SALA | SALA | 4711 | source == "payroll".',
        field="additions",
    )
