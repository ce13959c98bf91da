"""Ways of payments as people write them in a rule: "NL91ABNA0417164300 sepa_credit_transfer"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nostro.domain.errors import Invalid
from nostro.domain.party import Account
from nostro.domain.payment import ChargeBearer, Rail, Route, WayOut
from nostro.domain.policies.routing_rules import RoutingRule, Way

FALLBACK_MAX = 5
CHEAPEST = "cheapest"
_EXAMPLE = 'Swiss | CH9300762011623852957 | | | | currency == "CHF"'


def account_id(text: str, accounts: Sequence[Account]) -> str:
    """The id of an account by its IBAN or its name. Raises Invalid (`route_unreadable`)."""
    if not text:
        return ""
    plain = text.replace(" ", "")
    found = [one.id for one in accounts if text in (one.name, one.number) or plain == one.iban]
    if len(found) != 1:
        what = "names no account" if not found else f"names {len(found)} accounts"
        raise unreadable(text, f"{what} of this customer", "Write its IBAN.")
    return found[0]


def cheapest(text: str) -> tuple[Rail, ...] | None:
    """The rails among which `cheapest` or `cheapest: rtp, ach_ccd` lets the cost choose, () for the
    usual ones; None where a rule does not say that."""
    word, _, named = text.partition(":")
    if word.strip() != CHEAPEST:
        return None
    found = [rail(one.strip()) for one in named.split(",") if one.strip()]
    return tuple(dict.fromkeys(one for one in found if one))


def written_rail(rule: RoutingRule) -> str:
    if not rule.cheapest:
        return rule.rail or ""
    return f"{CHEAPEST}: {', '.join(rule.among)}" if rule.among else CHEAPEST


def rail(text: str) -> Rail | None:
    try:
        return Rail(text) if text else None
    except ValueError:
        known = f"There are: {', '.join(Rail)}, and {CHEAPEST}."
        raise unreadable(text, "is no rail", known) from None


def charge_bearer(text: str) -> ChargeBearer | None:
    try:
        return ChargeBearer(text) if text else None
    except ValueError:
        bearers = ", ".join(ChargeBearer)
        raise unreadable(text, "does not say who bears charges", f"There are: {bearers}.") from None


def fallback(text: str, accounts: Sequence[Account]) -> tuple[Way, ...]:
    """Ways with commas between them: each an account, and its rail where that is another one."""
    ways = tuple(_way(one.strip(), accounts) for one in text.split(",") if one.strip())
    if len(ways) > FALLBACK_MAX:
        what = f"has {len(ways)} ways to fall back to"
        raise unreadable(text, what, f"Write {FALLBACK_MAX} at most.")
    return ways


def _way(text: str, accounts: Sequence[Account]) -> Way:
    named, _, last = text.rpartition(" ")
    if named and last in set(Rail):
        return Way(account_id=account_id(named.strip(), accounts), rail=Rail(last))
    return Way(account_id=account_id(text, accounts))


def written(rule: RoutingRule, numbers: Mapping[str, str]) -> str:
    """The ways to fall back to, as `fallback` reads them; `numbers` are IBANs by account id."""
    return ", ".join(
        " ".join(filter(None, (numbers.get(way.account_id, way.account_id), way.rail)))
        for way in rule.fallback
    )


def told(route: Route, names: Mapping[str, str]) -> str:
    """A route in a few words: "DE-EUR by sepa_credit_transfer, SLEV"."""
    return f"{told_way(route.way(), names)}, {route.charge_bearer}"


def told_way(way: WayOut, names: Mapping[str, str]) -> str:
    return f"{names.get(way.account_id, way.debtor_iban)} by {way.rail}"


def unreadable(text: str, what: str, can_do: str) -> Invalid:
    return Invalid(
        "route_unreadable",
        f"{text[:80]!r} {what}.",
        "Nothing was asked for.",
        f"{can_do} A rule is written like: {_EXAMPLE}",
        field="routes",
    )
