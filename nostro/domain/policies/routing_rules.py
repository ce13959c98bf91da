"""The customer's own rules of routing: which account, rail and charges a payment takes, and why.

The first rule that a payment falls under and whose way fits it counts; where none does, the
standard way (nostro.domain.policies.routing). A rule that a payment falls under but whose way does
not fit is passed over, and the route says so: people see it before they approve.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import ClassVar

import msgspec

from nostro.domain.errors import Invalid
from nostro.domain.party import Account
from nostro.domain.payment import ChargeBearer, PaymentRequest, Rail, Route, WayOut
from nostro.domain.policies import routing
from nostro.domain.policies.cheapest import Quotes, cheapest
from nostro.domain.policy import Policy, Version
from nostro.domain.rail import TERMS
from nostro.domain.rules.expression import Expression, Facts
from nostro.domain.rules.payment_facts import condition, example

STANDARD = "standard"  # What an example expects where no rule counts.


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """An account, and the rail from it; no rail: the same as the rule's."""

    account_id: str
    rail: Rail | None = None


class RoutingRule(msgspec.Struct, frozen=True, kw_only=True):
    """For payments like `when`, this way; what is empty is as the standard has it. `fallback` are
    ways that are approved together with it, for when it surely failed. `cheapest`: the way of the
    lowest known cost, by the usual rails, or by those `among` which the rule lets it choose."""

    name: str
    account_id: str = ""
    rail: Rail | None = None
    charge_bearer: ChargeBearer | None = None
    fallback: tuple[Way, ...] = ()
    when: str = ""
    cheapest: bool = False
    among: tuple[Rail, ...] = ()


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """A payment in a few words, and the name of the rule that it falls under."""

    payment: str
    rule: str


class RoutingRules(Policy, frozen=True, kw_only=True):
    """Every rule in its order, and the examples that hold them; without any: the standard."""

    KIND: ClassVar[str] = "routing_rules"

    rules: tuple[RoutingRule, ...] = ()
    examples: tuple[Example, ...] = ()


@lru_cache(maxsize=1000)
def _condition(text: str) -> Expression:
    return condition(text)


def falls_under(rules: RoutingRules, facts: Facts) -> list[RoutingRule]:
    """The rules that a payment falls under, the one that counts first."""
    return [rule for rule in rules.rules if _condition(rule.when).holds(facts)]


def check_examples(rules: RoutingRules) -> None:
    """Raises Invalid where a rule cannot be read (`rule_not_understood`), an example does not come
    out as it says (`example_differs`), or a rule has none (`rule_without_example`)."""
    for rule in rules.rules:
        _condition(rule.when)
    for one in rules.examples:
        if (name := rule_of(rules, one)) != one.rule:
            raise Invalid(
                "example_differs",
                f"The example {one.payment!r} falls under {name}, not under {one.rule}.",
                "Nothing was asked for.",
                "Correct the rules or their order, or the example.",
                field="examples",
            )
    shown = {one.rule for one in rules.examples}
    for rule in rules.rules:
        if rule.name not in shown:
            raise Invalid(
                "rule_without_example",
                f"No example falls under the rule {rule.name}.",
                "Nothing was asked for.",
                "Add one, so that everybody sees what the rule is for, and that it is reached.",
                field="examples",
            )


def rule_of(rules: RoutingRules, one: Example) -> str:
    """The name of the rule that the payment of an example falls under."""
    found = falls_under(rules, example(one.payment))
    return found[0].name if found else STANDARD


def propose(
    request: PaymentRequest,
    accounts: Sequence[Account],
    version: Version[RoutingRules],
    facts: Facts,
    quotes: Quotes,
) -> Route | None:
    """The route for one payment out of its entity's accounts, or None when none fits."""
    passed: list[str] = []
    for rule in falls_under(version.content, facts):
        found = _by_rule(rule, request, accounts, quotes)
        if not isinstance(found, str):
            route, cost = found
            why = f"rule {rule.name} of routing rules {version.number}"
            return _said(route, f"{why}: {cost}" if cost else why, passed)
        passed.append(f"{rule.name} was passed over: {found}")
    standard = routing.propose(request, accounts)
    return _said(standard, standard.rule, passed) if standard else None


def _said(route: Route, why: str, passed: Sequence[str]) -> Route:
    return msgspec.structs.replace(route, rule="; ".join((why, *passed)))


def _by_rule(
    rule: RoutingRule, request: PaymentRequest, accounts: Sequence[Account], quotes: Quotes
) -> tuple[Route, str] | str:
    """The way that a rule says and why it is the cheapest, where it says that; or why it does not
    fit."""
    chosen = _chosen(rule, request, _only(accounts, rule.account_id), quotes)
    if isinstance(chosen, str):
        return chosen
    route, cost = chosen
    found: list[WayOut] = []
    for one in rule.fallback:
        # Whoever approves the list approves other accounts and rails, never other charges.
        other = way(
            request,
            _only(accounts, one.account_id),
            one.rail or route.rail,
            route.charge_bearer,
        )
        if isinstance(other, Route) and other.way() not in (route.way(), *found):
            found.append(other.way())
    return msgspec.structs.replace(route, fallback=tuple(found)), cost


def _chosen(
    rule: RoutingRule, request: PaymentRequest, accounts: Sequence[Account], quotes: Quotes
) -> tuple[Route, str] | str:
    if not rule.cheapest:
        route = way(request, accounts, rule.rail, rule.charge_bearer)
        return route if isinstance(route, str) else (route, "")
    if not accounts:
        return "its account is none of this entity's"
    if rule.among and request.rail not in (None, *rule.among):
        return f"the source asks for {request.rail}"
    ways = [
        _charged(one, rule.charge_bearer)
        for one in routing.every_way(request, accounts, rule.among)
    ]
    fitting = [one for one in ways if isinstance(one, Route)]
    if not fitting:
        return "no way fits"
    return cheapest(fitting, request, quotes, {one.id: one.name for one in accounts})


def _only(accounts: Sequence[Account], account_id: str) -> Sequence[Account]:
    return [one for one in accounts if account_id in ("", one.id)]


def way(
    request: PaymentRequest,
    accounts: Sequence[Account],
    rail: Rail | None,
    charge_bearer: ChargeBearer | None,
) -> Route | str:
    """A way out of these accounts by this rail with these charges, or why there is none."""
    if not accounts:
        return "its account is none of this entity's"
    if rail is not None and request.rail not in (None, rail):
        return f"the source asks for {request.rail}"
    asked = msgspec.structs.replace(request, rail=rail or request.rail)
    route = routing.propose(asked, accounts)
    if route is None:
        return routing.why_none(asked, accounts)[1].removesuffix(".")
    route = msgspec.structs.replace(route, rail_asked_for=request.rail is not None)
    return _charged(route, charge_bearer)


def _charged(route: Route, charge_bearer: ChargeBearer | None) -> Route | str:
    if charge_bearer is None or charge_bearer is route.charge_bearer:
        return route
    if charge_bearer not in TERMS[route.rail].charge_bearers:
        return f"{route.rail} does not go with charges {charge_bearer}"
    return msgspec.structs.replace(route, charge_bearer=charge_bearer)
