"""Which payees are told that they are paid, how and when: rules with examples, tried first."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID
from zoneinfo import available_timezones

import msgspec

from nostro.domain import policy
from nostro.domain.errors import Invalid
from nostro.domain.policies.advising import (
    FORMATS,
    AdviceRule,
    AdviceRules,
    AdviceWay,
    Moment,
    Together,
)
from nostro.domain.policies.routing_rules import STANDARD, Example, check_examples, rule_of
from nostro.storage import parties
from nostro.workflows.advice_rules import dry_run
from nostro.workflows.changes.routing_rules import EXAMPLES_MAX, RULES_MAX, WantedExample
from nostro.workflows.channel import payees_told_by
from nostro.workflows.policy_changes import WantedPolicy, policy_kind


class WantedAdviceRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rule. `way`: mail, file or none. `connection` by its name, `formats` like "pdf, x12_820",
    `moment`: executed or settled, `together`: each or day. `when` is a condition:
    nostro.domain.rules.expression."""

    name: str
    way: str = "mail"
    connection: str = ""
    formats: str = ""
    moment: str = ""
    together: str = ""
    when: str = ""


class WantedAdviceRules(WantedPolicy, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All rules as they are to be; what is left out is not kept. The first whose condition holds
    counts; whom none names is told nothing. Each needs an example."""

    notices: tuple[WantedAdviceRule, ...] = ()
    examples: tuple[WantedExample, ...] = ()
    day_ends: str = "18:00"
    time_zone: str = "UTC"


def _read(wanted: WantedAdviceRules) -> AdviceRules:
    names = [one.name.strip() for one in wanted.notices]
    fitting = len(names) <= RULES_MAX and len(wanted.examples) <= EXAMPLES_MAX
    if not fitting or not all(names) or len({*names, STANDARD}) != len(names) + 1:
        raise Invalid(
            "rules_unnamed",
            f"Each rule has a name of its own, none is called {STANDARD}, and there are {RULES_MAX}"
            f" of them and {EXAMPLES_MAX} examples at most.",
            "Nothing was asked for.",
            "Name the rules so that people know which one a payment falls under.",
            field="notices",
        )
    told = {row.name: row.id for row in parties.connections()} if wanted.notices else {}
    rules = AdviceRules(
        rules=tuple(_rule(one, told) for one in wanted.notices),
        examples=tuple(
            Example(payment=one.payment.strip(), rule=one.rule.strip()) for one in wanted.examples
        ),
        day_ends=_clock(wanted.day_ends),
        time_zone=_zone(wanted.time_zone.strip()),
    )
    check_examples(rules.conditions())
    return rules


def _rule(one: WantedAdviceRule, told: Mapping[str, UUID]) -> AdviceRule:
    way = _chosen(AdviceWay, one.way, AdviceWay.MAIL)
    formats = tuple(dict.fromkeys(part for part in one.formats.replace(",", " ").split()))
    unknown = [part for part in formats if part not in FORMATS]
    if unknown:
        raise _unfit(one, f"{unknown[0][:40]!r} is no format of an advice")
    if way is AdviceWay.FILE and not formats:
        raise _unfit(one, "it writes files and names no format of them")
    return AdviceRule(
        name=one.name.strip(),
        way=way,
        connection_id=_connection(one, way, told),
        formats=formats,
        moment=_chosen(Moment, one.moment, Moment.EXECUTED),
        together=_chosen(Together, one.together, Together.EACH),
        when=one.when.strip(),
    )


def _connection(one: WantedAdviceRule, way: AdviceWay, told: Mapping[str, UUID]) -> str:
    """The connection that a rule names, which has to be able to do what the rule says."""
    if way is AdviceWay.NONE:
        return ""
    found = told.get(one.connection.strip())
    if found is None:
        raise _unfit(one, f"there is no connection {one.connection.strip()[:60]!r}")
    able = payees_told_by(found)
    if able is None or able.by_mail is not (way is AdviceWay.MAIL):
        raise _unfit(one, f"{one.connection.strip()} does not tell payees by {way}")
    return str(found)


E = TypeVar("E", bound=StrEnum)


def _chosen(words: type[E], text: str, usual: E) -> E:
    if not text.strip():
        return usual
    try:
        return words(text.strip())
    except ValueError:
        raise Invalid(
            "advice_rule_unfit",
            f"{text.strip()[:40]!r} is none of {', '.join(words)}.",
            "Nothing was asked for.",
            "Take one of them.",
            field="notices",
        ) from None


def _unfit(one: WantedAdviceRule, why: str) -> Invalid:
    return Invalid(
        "advice_rule_unfit",
        f"The rule {one.name.strip()[:60]}: {why}.",
        "Nothing was asked for.",
        'Write a rule like: Suppliers | mail | post | pdf | executed | day | source == "sap".',
        field="notices",
    )


def _clock(text: str) -> str:
    try:
        return f"{time.fromisoformat(text.strip()):%H:%M}"
    except ValueError:
        raise _no_time(f"{text[:20]!r} is no time of day", "day_ends") from None


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise _no_time(f"There is no time zone {name[:40]!r}", "time_zone")
    return name


def _no_time(happened: str, field: str) -> Invalid:
    return Invalid(
        "advice_rule_unfit",
        f"{happened}.",
        "Nothing was asked for.",
        "Write 18:00 and Europe/Berlin, say.",
        field=field,
    )


def _tell(rules: AdviceRules) -> dict[str, Any]:
    said: dict[str, Any] = {
        "rules": [
            " | ".join(getattr(one, name) for name in one.__struct_fields__)
            for one in _written(rules)
        ],
        "examples": [f"{one.payment}: {one.rule}" for one in rules.examples],
    }
    return said | {"day_ends": f"{rules.day_ends} {rules.time_zone}"}


def _write(rules: AdviceRules) -> WantedAdviceRules:
    return WantedAdviceRules(
        notices=_written(rules),
        examples=tuple(WantedExample(payment=o.payment, rule=o.rule) for o in rules.examples),
        day_ends=rules.day_ends,
        time_zone=rules.time_zone,
    )


def _written(rules: AdviceRules) -> tuple[WantedAdviceRule, ...]:
    names = {str(row.id): row.name for row in parties.connections()} if rules.rules else {}
    return tuple(
        WantedAdviceRule(
            name=one.name,
            way=one.way,
            connection=names.get(one.connection_id, ""),
            formats=", ".join(one.formats),
            moment=one.moment,
            together=one.together,
            when=one.when,
        )
        for one in rules.rules
    )


def _examples(rules: AdviceRules) -> list[policy.Example]:
    return [
        policy.Example(name=one.payment, expected=one.rule, found=rule_of(rules.conditions(), one))
        for one in rules.examples
    ]


KIND = policy_kind(
    AdviceRules,
    name="remittance_advice",
    title="Which payees are told that they are paid",
    wanted=WantedAdviceRules,
    read=_read,
    tell=_tell,
    write=_write,
    dry_run=dry_run,
    examples=_examples,
)
