"""Rules of approving as people write and read them: "2 approver then 1 treasurer".

    when  := nothing, or conditions joined by " and ":
             above 100000.00 EUR | currency EUR, USD | entity DE01 | account NL91... |
             payee V-1001 | rail sepa_credit_transfer | source erp
    who   := stages joined by " then "; each stage is steps joined by " and ";
             a step is a number and roles or people: 2 approver, 1 of ann@acme.example, ben@...

Commas stand between what may be chosen from. Reading what was written gives the same rule again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import msgspec

from nostro.domain.errors import Invalid
from nostro.domain.money import Money
from nostro.domain.party import Role
from nostro.domain.payment import Rail
from nostro.domain.policies.approval_steps import Stages, Step, Where

PLACES_MAX = 8
_STEP = re.compile(r"(?P<needed>[1-9]) (?:of )?(?P<who>\S.*)\Z")


class Names(msgspec.Struct, frozen=True, kw_only=True):
    """What people write -> the id behind it: entities by code, accounts by IBAN, people by
    address."""

    entities: Mapping[str, str]
    accounts: Mapping[str, str]
    people: Mapping[str, str]


def read_when(text: str, names: Names) -> Where:
    """The payments that a rule is for. Raises Invalid (`rule_unreadable`) where it is none."""
    found: dict[str, Any] = {}
    value: Any
    for condition in filter(None, (one.strip() for one in text.split(" and "))):
        word, _, rest = condition.partition(" ")
        values = [value.strip() for value in rest.split(",") if value.strip()]
        if not values:
            _unreadable(condition, "says nothing after its first word")
        if word == "above":
            field, value = "above", _money(condition, rest.strip())
        elif word in _CONDITIONS:
            field, read = _CONDITIONS[word]
            value = tuple(read(one, names) for one in values)
        else:
            _unreadable(condition, f"begins with none of {', '.join(['above', *_CONDITIONS])}")
        if field in found:
            _unreadable(condition, f"says {word} for the second time")
        found[field] = value
    return Where(**found)


def read_who(text: str, names: Names) -> Stages:
    """Who agrees, stage after stage. Raises Invalid (`rule_unreadable`) where it cannot be."""
    stages = tuple(
        tuple(_step(step.strip(), names) for step in stage.split(" and "))
        for stage in text.strip().split(" then ")
    )
    count = sum(step.needed for stage in stages for step in stage)
    if not 2 <= count <= PLACES_MAX:
        raise Invalid(
            "approvals_out_of_range",
            f"{text[:80]!r} asks for {count} {'person' if count == 1 else 'people'}.",
            "Nothing was asked for.",
            f"A payment takes 2 to {PLACES_MAX} different people, whatever the steps.",
            field="rules",
        )
    return stages


def write_when(where: Where, names: Names) -> str:
    """The condition in words; "" for all payments."""
    said = [f"above {where.above.number()} {where.above.currency}"] if where.above else []
    for word, ids, back in (
        ("currency", where.currencies, {}),
        ("entity", where.entity_ids, _turned(names.entities)),
        ("account", where.account_ids, _turned(names.accounts)),
        ("payee", where.payee_numbers, {}),
        ("rail", where.rails, {}),
        ("source", where.sources, {}),
    ):
        if ids:
            said.append(f"{word} {', '.join(back.get(str(one), str(one)) for one in ids)}")
    return " and ".join(said)


def write_who(stages: Stages, names: Names) -> str:
    """The stages in words, as `read_who` reads them."""
    people = _turned(names.people)
    return " then ".join(" and ".join(_said(step, people) for step in stage) for stage in stages)


def _said(step: Step, people: Mapping[str, str]) -> str:
    if step.people:
        return f"{step.needed} of {', '.join(people.get(one, one) for one in step.people)}"
    return f"{step.needed} {', '.join(step.roles) or 'approver of any role'}"


def _step(text: str, names: Names) -> Step:
    found = _STEP.match(text)
    if found is None:
        _unreadable(text, "is not a number and who, like 2 approver")
    needed, said = int(found["needed"]), found["who"].strip()
    if said == "approver of any role":
        return Step(needed=needed)
    who = [one.strip() for one in said.split(",")]
    if all("@" in one for one in who):
        step = Step(needed=needed, people=tuple(_known(one, names.people) for one in who))
        if needed > len(set(step.people)):
            _unreadable(text, f"asks for {needed} of {len(set(step.people))}")
        return step
    return Step(needed=needed, roles=tuple(_role(one) for one in who))


def _role(text: str) -> Role:
    try:
        return Role(text)
    except ValueError:
        _unreadable(text, "is no role and no person's address")


def _rail(text: str, _: Names) -> Rail:
    try:
        return Rail(text)
    except ValueError:
        _unreadable(text, f"is no rail: {', '.join(Rail)}")


def _money(condition: str, text: str) -> Money:
    number, _, currency = text.partition(" ")
    try:
        return Money.parse(number, currency)
    except Invalid:
        _unreadable(condition, "has no amount and currency, like 100000.00 EUR")


def _known(text: str, ids: Mapping[str, str]) -> str:
    if text not in ids:
        _unreadable(text, "is nothing that this customer has")
    return ids[text]


_CONDITIONS: Mapping[str, tuple[str, Callable[[str, Names], Any]]] = {
    "currency": ("currencies", lambda text, _: text.upper()),
    "entity": ("entity_ids", lambda text, names: _known(text, names.entities)),
    "account": ("account_ids", lambda text, names: _known(text, names.accounts)),
    "payee": ("payee_numbers", lambda text, _: text),
    "rail": ("rails", _rail),
    "source": ("sources", lambda text, _: text),
}


def _turned(names: Mapping[str, str]) -> dict[str, str]:
    return {value: key for key, value in names.items()}


def _unreadable(text: str, what: str) -> NoReturn:
    raise Invalid(
        "rule_unreadable",
        f"{text[:80]!r} {what}.",
        "Nothing was asked for.",
        "Write a rule like: Large | above 100000.00 EUR | 2 approver then 1 treasurer.",
        field="rules",
    )
