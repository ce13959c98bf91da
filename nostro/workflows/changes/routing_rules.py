"""Which account, rail and charges payments take: rules with examples beside them, tried first."""

from __future__ import annotations

from typing import Any

import msgspec

from nostro.domain import policy
from nostro.domain.errors import Invalid
from nostro.domain.policies import routing_words
from nostro.domain.policies.routing_rules import (
    STANDARD,
    Example,
    RoutingRule,
    RoutingRules,
    check_examples,
    rule_of,
)
from nostro.storage import parties
from nostro.workflows.payment_routing import dry_run
from nostro.workflows.policy_changes import WantedPolicy, policy_kind

RULES_MAX, EXAMPLES_MAX = 50, 200


class WantedRoute(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rule. `account` by its IBAN or name; `rail` is one, or "cheapest", or "cheapest: " with
    the rails among which the lowest known cost chooses; `fallback` like "NL91..., DE89... rail";
    what is empty is as the standard has it. `when` is a condition:
    nostro.domain.rules.expression."""

    name: str
    account: str = ""
    rail: str = ""
    charge_bearer: str = ""
    fallback: str = ""
    when: str = ""


class WantedExample(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`payment` like "amount 12000.00 EUR, payee_country CH"; `rule` is the name of the one that it
    falls under, or "standard"."""

    payment: str
    rule: str


class WantedRoutes(WantedPolicy, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All rules as they are to be; what is left out is not kept. The first whose condition holds
    and whose way fits counts. Each needs an example."""

    routes: tuple[WantedRoute, ...] = ()
    examples: tuple[WantedExample, ...] = ()


def _read(wanted: WantedRoutes) -> RoutingRules:
    _check_names(wanted)
    accounts = parties.accounts()
    rules = RoutingRules(
        rules=tuple(
            RoutingRule(
                name=one.name.strip(),
                account_id=routing_words.account_id(one.account.strip(), accounts),
                **_by_rail(one.rail.strip()),
                charge_bearer=routing_words.charge_bearer(one.charge_bearer.strip()),
                fallback=routing_words.fallback(one.fallback, accounts),
                when=one.when.strip(),
            )
            for one in wanted.routes
        ),
        examples=tuple(
            Example(payment=one.payment.strip(), rule=one.rule.strip()) for one in wanted.examples
        ),
    )
    check_examples(rules)
    return rules


def _by_rail(text: str) -> dict[str, Any]:
    among = routing_words.cheapest(text)
    if among is None:
        return {"rail": routing_words.rail(text)}
    return {"cheapest": True, "among": among}


def _check_names(wanted: WantedRoutes) -> None:
    names = [one.name.strip() for one in wanted.routes]
    fitting = len(names) <= RULES_MAX and len(wanted.examples) <= EXAMPLES_MAX
    if fitting and all(names) and len({*names, STANDARD}) == len(names) + 1:
        return
    raise Invalid(
        "rules_unnamed",
        f"Each rule has a name of its own, none is called {STANDARD}, and there are {RULES_MAX} of"
        f" them and {EXAMPLES_MAX} examples at most.",
        "Nothing was asked for.",
        "Name the rules so that people know which one a payment falls under.",
        field="routes",
    )


def _tell(rules: RoutingRules) -> dict[str, Any]:
    return {
        "rules": [
            " | ".join((one.name, one.account, one.rail, one.charge_bearer, one.fallback, one.when))
            for one in _written(rules)
        ],
        "examples": [f"{one.payment}: {one.rule}" for one in rules.examples],
    }


def _write(rules: RoutingRules) -> WantedRoutes:
    return WantedRoutes(
        routes=_written(rules),
        examples=tuple(WantedExample(payment=o.payment, rule=o.rule) for o in rules.examples),
    )


def _written(rules: RoutingRules) -> tuple[WantedRoute, ...]:
    numbers = {one.id: one.iban or one.name for one in parties.accounts()} if rules.rules else {}
    return tuple(
        WantedRoute(
            name=one.name,
            account=numbers.get(one.account_id, one.account_id),
            rail=routing_words.written_rail(one),
            charge_bearer=one.charge_bearer or "",
            fallback=routing_words.written(one, numbers),
            when=one.when,
        )
        for one in rules.rules
    )


def _examples(rules: RoutingRules) -> list[policy.Example]:
    """The examples beside the rules, with the rule that each falls under now."""
    return [
        policy.Example(name=one.payment, expected=one.rule, found=rule_of(rules, one))
        for one in rules.examples
    ]


KIND = policy_kind(
    RoutingRules,
    name="routing_rules",
    title="Which way payments go",
    wanted=WantedRoutes,
    read=_read,
    tell=_tell,
    write=_write,
    dry_run=dry_run,
    examples=_examples,
)
