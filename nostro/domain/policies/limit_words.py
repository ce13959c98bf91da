"""Limits as people write and read them: "1000000.00 EUR a day by account".

    limit  := amount currency " a " per
    per    := payment | day | day by account | day by payee
    effect := hold | refuse

For which payments a limit is, is written as in the rules of approving.
"""

from __future__ import annotations

from typing import NoReturn

from nostro.domain.errors import Invalid
from nostro.domain.money import Money
from nostro.domain.policies.approval_steps import Where
from nostro.domain.policies.approval_words import Names, read_when
from nostro.domain.policies.checks import Effect
from nostro.domain.policies.payment_limits import Per

_EFFECTS = {"hold": Effect.HOLD, "refuse": Effect.INVALID}
FIELD = "limits"


def read_limit(text: str) -> tuple[Money, Per]:
    """How much, and over what. Raises Invalid (`limit_unreadable`)."""
    amount, _, per = text.strip().partition(" a ")
    number, _, currency = amount.strip().partition(" ")
    try:
        most = Money.parse(number, currency)
    except Invalid:
        _unreadable(text, "has no amount and currency before ' a '")
    if most.minor < 0:
        _unreadable(text, "is below zero")
    try:
        return most, Per(" ".join(per.split()))
    except ValueError:
        _unreadable(text, f"ends with none of {', '.join(Per)}")


def write_limit(most: Money, per: Per) -> str:
    return f"{most} a {per}"


def read_narrowing(text: str, names: Names, field: str = FIELD) -> Where:
    """The payments that it is for. Raises Invalid (`rule_unreadable`)."""
    try:
        return read_when(text, names)
    except Invalid as error:
        raise Invalid(
            error.code,
            error.happened,
            error.did,
            "Write for which payments it is like: currency EUR and entity DE01; nothing: all.",
            field=field,
        ) from None


def read_effect(text: str, field: str = FIELD) -> Effect:
    """What becomes of a payment. Raises Invalid (`limit_unreadable`)."""
    found = _EFFECTS.get(text.strip().lower())
    if found is None:
        _unreadable(text, "is neither hold nor refuse", field)
    return found


def write_effect(effect: Effect) -> str:
    return "refuse" if effect is Effect.INVALID else "hold"


def _unreadable(text: str, what: str, field: str = FIELD) -> NoReturn:
    raise Invalid(
        "limit_unreadable",
        f"{text[:80]!r} {what}.",
        "Nothing was asked for.",
        "Write a limit like: Large | 250000.00 EUR a payment | entity DE01 | hold.",
        field=field,
    )
