"""Before a payment leaves: does the way that was approved still hold? If not, people are asked.

The account may have been given to another bank or changed its number, the rail may not fit any
more. Such a payment is routed anew and put to its approvers again; nothing is changed silently.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from nostro.domain.party import Account
from nostro.domain.policies import routing_rules
from nostro.domain.policies.checks import Effect, Finding
from nostro.domain.policies.limits import spelled
from nostro.domain.policies.routing_words import told
from nostro.storage.orders import OrderRow
from nostro.workflows import payment_routing, recheck, taken_rails
from nostro.workflows.context import Acting
from nostro.workflows.payment_routing import Routing

NO_LONGER_FITS = "route_no_longer_fits"


def still_fit(acting: Acting, account_id: str, due: Sequence[OrderRow]) -> list[OrderRow]:
    """Those locked orders of one account whose way still holds; the others go back to people."""
    if not due:
        return []
    accounts = {account.id: account for account in taken_rails.accounts()}
    found = [(order, misfit(order, accounts[account_id])) for order in due]
    priced = any(order.route.cost is not None for order in due)
    if priced or any(why for _, why in found):
        routing = payment_routing.in_force(acting)
        found = [(order, why or costs_less(order, routing, accounts)) for order, why in found]
        for order, why in found:
            if why:
                _send_back(acting, order, why, routing, accounts)
    return [order for order, why in found if not why]


def misfit(order: OrderRow, account: Account) -> str:
    """Why the way of an order does not hold any more, "" while it does."""
    route = order.route
    if str(order.entity_id) != account.legal_entity_id:
        return f"{account.name} belongs to another entity now"
    if route.debtor_number != account.number:
        return f"{account.name} has another number now"
    if route.connection_id != account.connection_id:
        return f"{account.name} is reached over another connection now"
    request = payment_routing.asked(order, {})
    way = routing_rules.way(request, [account], route.rail, route.charge_bearer)
    return way if isinstance(way, str) else ""


def costs_less(order: OrderRow, routing: Routing, accounts: Mapping[str, Account]) -> str:
    """The other way that is the cheapest now, of a payment whose way was approved as that; "" while
    its own still is. That one is dearer than it was moves nothing while no other costs less."""
    route = order.route
    if route.cost is None or route.first is not None:
        return ""
    request = payment_routing.asked(order, routing.codes)
    other = routing.propose(request, str(order.entity_id), order.source)
    if other is None or other.cost is None or other.way() == route.way():
        return ""
    fee = routing.quotes.fees.fee(route, order.instruction.amount)
    if fee and (fee.currency != other.cost.currency or fee.minor <= other.cost.minor):
        return ""
    names = {account.id: account.name for account in accounts.values()}
    costs = f"costs {spelled(fee)} now" if fee else "has no known cost now"
    return f"it {costs}, and {told(other, names)} costs {spelled(other.cost)}"


def _send_back(
    acting: Acting, order: OrderRow, why: str, routing: Routing, accounts: Mapping[str, Account]
) -> None:
    names = {account.id: account.name for account in accounts.values()}
    was = told(order.route, names)
    request = payment_routing.asked(order, routing.codes)
    route = routing.propose(request, str(order.entity_id), order.source)
    if route is not None:
        order = msgspec.structs.replace(order, route=route)
    now = f"It would leave {told(order.route, names)} now" if route else "No other way fits it"
    recheck.send_back(
        acting,
        order,
        Finding(
            code=NO_LONGER_FITS,
            effect=Effect.HOLD,
            sentence=f"{order.number} was approved to leave {was}, and that does not hold any more:"
            f" {why}. {now}.",
        ),
    )
