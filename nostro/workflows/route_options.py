"""Every way that a payment could take: whether it fits, when it would be executed, what it costs.

For a payment as it stands, or for one that might be; and which rules of routing it falls under.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec

from nostro.domain.bank_calendar import Plan
from nostro.domain.errors import Invalid
from nostro.domain.money import Money
from nostro.domain.party import Account
from nostro.domain.payment import PaymentRequest, Rail, Route
from nostro.domain.policies import routing_rules
from nostro.domain.policies.bank_fees import BankFees
from nostro.domain.rail import TERMS, Misfit, misfits
from nostro.domain.rules.payment_facts import condition
from nostro.storage import orders, parties, policies
from nostro.storage.orders import OrderRow
from nostro.workflows import payment_routing
from nostro.workflows.context import Acting
from nostro.workflows.payment_routing import Routing
from nostro.workflows.planning import Planner
from nostro.workflows.route_quotes import WhatIf, as_told, planned

OPTIONS_MAX = 200


class RuleRead(msgspec.Struct, frozen=True, kw_only=True):
    """A rule held against the payment: `because` is the first part of it that is not so."""

    name: str
    holds: bool
    because: str


class Option(msgspec.Struct, frozen=True, kw_only=True):
    """One way. `because` says why it does not fit, and `reason` the same without the names of rail
    and account, alike for all of which it is so; the times are there where it does, on the clock
    of `time_zone`: executed on `day`, the file leaves at `leaves_at`, the bank takes it until
    `last` (`is_reference`: by the clearing, the bank's is not known). `fee` where one is agreed.
    `rail` is "" where no rail fits from this account; `on_demand`: taken only when a rule or the
    source asks for it."""

    account_id: str
    account: str
    bank: str = ""
    rail: str
    rail_title: str
    charge_bearer: str = ""
    on_demand: bool = False
    chosen: bool = False
    fallback: bool = False
    fits: bool
    because: str = ""
    reason: str = ""
    day: date | None = None
    leaves_at: datetime | None = None
    last: datetime | None = None
    is_reference: bool = False
    time_zone: str = ""
    day_moved_because: str = ""
    fee: Money | None = None


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """All ways, the chosen one first, then those that fit. `rule` says why it was chosen, "" where
    none is; `rules` are those of `version` as they are now. `left_off` ways are not shown."""

    as_of: datetime
    version: int
    rule: str
    rules: tuple[RuleRead, ...]
    options: tuple[Option, ...]
    left_off: int = 0


def of_payment(acting: Acting, order_id: UUID) -> Options | None:
    """The ways of one payment; None where there is none. Inside a unit of work."""
    rows = orders.load([order_id])
    if not rows:
        return None
    (row,) = rows
    routing = payment_routing.in_force(acting)
    request = payment_routing.asked(row, routing.codes)
    return _options(acting, routing, request, row, str(row.entity_id), row.source)


def of_request(acting: Acting, request: PaymentRequest, source: str) -> Options:
    """The ways of a payment that might be. Raises Invalid (`entity_unknown`)."""
    routing = payment_routing.in_force(acting)
    entities = {code: entity_id for entity_id, code in routing.codes.items()}
    if request.entity_code not in entities:
        raise Invalid(
            "entity_unknown",
            f"There is no legal entity {request.entity_code[:40]}.",
            "Nothing was looked at.",
            f"There are: {', '.join(sorted(entities))}.",
            field="entity",
        )
    entity_id = entities[request.entity_code]
    route = routing.propose(request, entity_id, source)
    made_up = WhatIf(instruction=as_told(request), route=route) if route else None
    return _options(acting, routing, request, made_up, entity_id, source)


def _options(
    acting: Acting,
    routing: Routing,
    request: PaymentRequest,
    payment: OrderRow | WhatIf | None,
    entity_id: str,
    source: str,
) -> Options:
    told = payment.instruction if payment else as_told(request)
    planner, fees = Planner(acting.world), policies.in_force(BankFees, acting.world.clock.now())
    banks = {str(row.id): row.name for row in parties.connections()}
    chosen = payment.route if payment else None
    found = []
    for account, option in _ways(request, routing.leaving(request, entity_id), chosen):
        if isinstance(option, Route):
            named = _named(account, banks, option)
            plan = planned(planner, told, option)
            found.append(_fitting(named, option, plan, chosen, fees.fee(option, told.amount)))
        else:
            found.append(option)
    found.sort(key=lambda one: (not one.chosen, not one.fits))
    facts = routing.facts(request, entity_id, source)
    rules = []
    for rule in routing.version.content.rules:
        failing = condition(rule.when).failing(facts)
        rules.append(RuleRead(name=rule.name, holds=not failing, because=failing))
    return Options(
        as_of=acting.world.clock.now(),
        version=routing.version.number,
        rule=chosen.rule if chosen else "",
        rules=tuple(rules),
        options=tuple(found[:OPTIONS_MAX]),
        left_off=max(0, len(found) - OPTIONS_MAX),
    )


def _ways(
    request: PaymentRequest, accounts: Sequence[Account], chosen: Route | None
) -> Iterator[tuple[Account, Route | Option]]:
    """Each rail from each account, or why it does not fit; of an account that fits on no rail,
    that only."""
    for account in accounts:
        if why := _no_rail(request, account):
            yield account, _misfit(account, None, why)
            continue
        for rail in TERMS:
            if chosen and (chosen.account_id, chosen.rail) == (account.id, rail):
                yield account, chosen
                continue
            if why_not := next(misfits(rail, request, account), None):
                yield account, _misfit(account, rail, why_not)
                continue
            route = routing_rules.way(request, [account], rail, None)
            if isinstance(route, str):
                sentence = f"{route[:1].upper()}{route[1:]}"
                yield account, _misfit(account, rail, Misfit(sentence, f"{sentence}."))
            else:
                yield account, route


def _no_rail(request: PaymentRequest, account: Account) -> Misfit | None:
    currency, why = request.amount.currency, ""
    if account.currency != currency:
        why = f"It is in {account.currency}, the payment in {currency}."
    elif request.debit_iban not in ("", account.number):
        why = "The source names another account."
    return Misfit(why.removesuffix("."), why) if why else None


def _misfit(account: Account, rail: Rail | None, why: Misfit) -> Option:
    return Option(
        account_id=account.id,
        account=account.name,
        rail=rail or "",
        rail_title=TERMS[rail].title if rail else "",
        fits=False,
        because=why.sentence,
        reason=why.reason,
    )


def _named(account: Account, banks: dict[str, str], route: Route) -> Option:
    return Option(
        account_id=account.id,
        account=account.name,
        bank=banks.get(route.connection_id, ""),
        rail=route.rail,
        rail_title=TERMS[route.rail].title,
        charge_bearer=route.charge_bearer,
        on_demand=TERMS[route.rail].on_demand,
        fits=True,
    )


def _fitting(
    option: Option,
    route: Route,
    plan: Plan | None,
    chosen: Route | None,
    fee: Money | None,
) -> Option:
    option = msgspec.structs.replace(
        option,
        chosen=chosen is not None and route.way() == chosen.way(),
        fallback=chosen is not None and route.way() in chosen.fallback,
        fee=fee,
    )
    if plan is None:
        return option
    return msgspec.structs.replace(
        option,
        day=plan.day,
        leaves_at=plan.leaves_at,
        last=plan.last,
        is_reference=plan.is_reference,
        time_zone=plan.time_zone,
        day_moved_because=plan.why,
    )
