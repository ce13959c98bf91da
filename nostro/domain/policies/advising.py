"""Which payees are told that they are paid, how, and when: the customer's own rules, in order.

The first rule that a payment falls under counts; a payee whom no rule names is told nothing. Nobody
is told before the bank itself has said that the payment is executed, or has booked it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import ClassVar, Final
from zoneinfo import ZoneInfo

import msgspec

from nostro.domain.order import OrderState
from nostro.domain.policies.routing_rules import Example, RoutingRule, RoutingRules, falls_under
from nostro.domain.policy import Policy
from nostro.domain.rules.expression import Facts


class AdviceWay(StrEnum):
    """How a payee is told."""

    MAIL = "mail"
    FILE = "file"  # For a portal or another program that tells him.
    NONE = "none"


class Moment(StrEnum):
    """What has to have happened before he is told."""

    EXECUTED = "executed"  # The bank said so; where it never does, its statement.
    SETTLED = "settled"  # A statement shows the money as gone.


class Together(StrEnum):
    """Whether payments to one payee are told one by one."""

    EACH = "each"
    DAY = "day"  # What became known on one day, in one notice when that day ends.


FORMATS: Final = ("text", "pdf", "x12_820")
# The states that say that the moment of a rule has come.
REACHED: Final[Mapping[Moment, frozenset[OrderState]]] = {
    Moment.EXECUTED: frozenset({OrderState.EXECUTED, OrderState.SETTLED}),
    Moment.SETTLED: frozenset({OrderState.SETTLED}),
}


class AdviceRule(msgspec.Struct, frozen=True, kw_only=True):
    """For payees of payments like `when`: over this connection, in these formats, at that moment.
    Of a mail the text is always the body."""

    name: str
    way: AdviceWay
    connection_id: str = ""
    formats: tuple[str, ...] = ()
    moment: Moment = Moment.EXECUTED
    together: Together = Together.EACH
    when: str = ""


class AdviceRules(Policy, frozen=True, kw_only=True):
    """Every rule in its order with the examples that hold them; without any, nobody is told.
    `day_ends` is when notices of a whole day leave, on the clock of `time_zone`."""

    KIND: ClassVar[str] = "remittance_advice"

    rules: tuple[AdviceRule, ...] = ()
    examples: tuple[Example, ...] = ()
    day_ends: str = "18:00"
    time_zone: str = "UTC"

    def conditions(self) -> RoutingRules:
        """The conditions and examples alone."""
        rules = tuple(RoutingRule(name=one.name, when=one.when) for one in self.rules)
        return RoutingRules(rules=rules, examples=self.examples)


def rule_for(rules: AdviceRules, facts: Facts) -> AdviceRule | None:
    """The rule that counts for a payment; None where nobody is told of it."""
    found = falls_under(rules.conditions(), facts)
    if not found:
        return None
    rule = next(one for one in rules.rules if one.name == found[0].name)
    return None if rule.way is AdviceWay.NONE else rule


def leaves_at(rules: AdviceRules, rule: AdviceRule, known_at: datetime) -> datetime:
    """When the notice of a payment leaves that was known to be paid at a moment."""
    if rule.together is Together.EACH:
        return known_at
    zone = ZoneInfo(rules.time_zone)
    local = known_at.astimezone(zone)
    ends = datetime.combine(local.date(), time.fromisoformat(rules.day_ends), zone)
    if ends <= local:
        following = local.date() + timedelta(days=1)
        ends = datetime.combine(following, time.fromisoformat(rules.day_ends), zone)
    return ends.astimezone(known_at.tzinfo)


def told(rule: AdviceRule | None, connection: str) -> str:
    """What a rule does, in a few words."""
    if rule is None or rule.way is AdviceWay.NONE:
        return "not told"
    formats = ", ".join(rule.formats) or "text"
    together = "a day's payments together" if rule.together is Together.DAY else "each by itself"
    return f"{rule.way} by {connection}: {formats}, once {rule.moment}, {together}"
