"""What the customer's treasury adds to a payment: its purpose for the bank, and a cost centre."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from nostro.domain.errors import Invalid
from nostro.domain.payment import PURPOSE_CODE, Added
from nostro.domain.policies.routing_rules import (
    Example,
    RoutingRule,
    RoutingRules,
    falls_under,
)
from nostro.domain.policy import Policy, Version
from nostro.domain.rules.expression import Facts

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
    """What the first rule that a payment falls under adds; None where it falls under none.

    A purpose that the source gives itself stays: the rule fills in what is empty, and says so.
    """
    found = falls_under(version.content.conditions(), facts)
    if not found:
        return None
    rule = next(one for one in version.content.rules if one.name == found[0].name)
    said = [f"rule {rule.name} of enrichment {version.number}"]
    codes = {}
    for field in ("purpose", "category_purpose"):
        theirs, ours = facts[field], getattr(rule, field)
        codes[field] = "" if theirs else ours
        if theirs and ours not in ("", theirs):
            said.append(f"{field.replace('_', ' ')} {theirs} is the source's and stays, not {ours}")
    return Added(
        **codes,
        cost_centre=rule.cost_centre,
        intercompany=bool(facts["intercompany"]),
        rule="; ".join(said),
    )


def said(found: Added | None) -> str:
    """What is added in a few words: "purpose SALA, cost centre 4711"."""
    if found is None:
        return "nothing is added"
    told = (
        (f"purpose {found.purpose}", found.purpose),
        (f"category purpose {found.category_purpose}", found.category_purpose),
        (f"cost centre {found.cost_centre}", found.cost_centre),
    )
    return ", ".join(text for text, value in told if value) or "nothing is added"


def check(rule: EnrichmentRule) -> None:
    """Raises Invalid (`enrichment_unfit`) for what no bank file has room for."""
    for code in (rule.purpose, rule.category_purpose):
        if code and not PURPOSE_CODE.match(code):
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
