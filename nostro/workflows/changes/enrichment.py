"""What treasury adds to payments: purpose codes for the bank, cost centres; rules with examples."""

from __future__ import annotations

from typing import Any

import msgspec

from nostro.domain import policy
from nostro.domain.errors import Invalid
from nostro.domain.policies.enrichment import EnrichmentRule, EnrichmentRules, check
from nostro.domain.policies.routing_rules import STANDARD, Example, check_examples, rule_of
from nostro.workflows.changes.routing_rules import EXAMPLES_MAX, RULES_MAX, WantedExample
from nostro.workflows.payment_routing import dry_run_of_additions
from nostro.workflows.policy_changes import WantedPolicy, policy_kind


class WantedAddition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rule. `purpose` and `category_purpose` are ISO 20022 codes such as SALA, SUPP, INTC;
    `when` is a condition: nostro.domain.rules.expression."""

    name: str
    purpose: str = ""
    category_purpose: str = ""
    cost_centre: str = ""
    when: str = ""


class WantedAdditions(WantedPolicy, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All rules as they are to be; what is left out is not kept. The first whose condition holds
    counts. Each needs an example."""

    additions: tuple[WantedAddition, ...] = ()
    examples: tuple[WantedExample, ...] = ()


def _read(wanted: WantedAdditions) -> EnrichmentRules:
    names = [one.name.strip() for one in wanted.additions]
    fitting = len(names) <= RULES_MAX and len(wanted.examples) <= EXAMPLES_MAX
    if not fitting or not all(names) or len({*names, STANDARD}) != len(names) + 1:
        raise Invalid(
            "rules_unnamed",
            f"Each rule has a name of its own, none is called {STANDARD}, and there are {RULES_MAX}"
            f" of them and {EXAMPLES_MAX} examples at most.",
            "Nothing was asked for.",
            "Name the rules so that people know which one a payment falls under.",
            field="additions",
        )
    rules = EnrichmentRules(
        rules=tuple(
            EnrichmentRule(**{n: getattr(one, n).strip() for n in one.__struct_fields__})
            for one in wanted.additions
        ),
        examples=tuple(
            Example(payment=one.payment.strip(), rule=one.rule.strip()) for one in wanted.examples
        ),
    )
    for rule in rules.rules:
        check(rule)
    check_examples(rules.conditions())
    return rules


def _tell(rules: EnrichmentRules) -> dict[str, Any]:
    return {
        "rules": [
            " | ".join((one.name, one.purpose, one.category_purpose, one.cost_centre, one.when))
            for one in rules.rules
        ],
        "examples": [f"{one.payment}: {one.rule}" for one in rules.examples],
    }


def _write(rules: EnrichmentRules) -> WantedAdditions:
    return WantedAdditions(
        additions=tuple(
            WantedAddition(**{n: getattr(one, n) for n in one.__struct_fields__})
            for one in rules.rules
        ),
        examples=tuple(WantedExample(payment=o.payment, rule=o.rule) for o in rules.examples),
    )


def _examples(rules: EnrichmentRules) -> list[policy.Example]:
    return [
        policy.Example(name=one.payment, expected=one.rule, found=rule_of(rules.conditions(), one))
        for one in rules.examples
    ]


KIND = policy_kind(
    EnrichmentRules,
    name="enrichment",
    title="What treasury adds to payments",
    wanted=WantedAdditions,
    read=_read,
    tell=_tell,
    write=_write,
    dry_run=dry_run_of_additions,
    examples=_examples,
)
