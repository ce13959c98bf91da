"""A rule that chooses the cheapest way: by fees that are known, in time, and never silently."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostro.domain.errors import Invalid
from nostro.domain.money import Money
from nostro.domain.order import OrderState
from nostro.domain.party import Account
from nostro.domain.payment import ChargeBearer, PaymentRequest, Rail, Route
from nostro.domain.policies.bank_fees import BankFee, BankFees
from nostro.domain.policies.cheapest import Quote, cheapest
from nostro.storage.dossier import holds
from nostro.storage.tenancy import tenant
from tests.domain.test_policies import request as some_request
from tests.workflows.company import Company
from tests.workflows.test_change_requests import admins, agree, ask
from tests.workflows.test_routing_rules import decide, second, tried, wanted

__all__ = ["admins", "second"]

CHEAP = wanted({"name": "Cheap", "rail": "cheapest"}, Cheap="amount 1.00 EUR")
HERE, THERE = "Bank", "Second bank"


def fee(bank: str, cost: str, **more: str) -> dict[str, str]:
    told = {"bank": bank, "rail": "sepa_credit_transfer", "currency": "EUR", "fee": cost}
    return {**told, **more}


def agree_on_fees(company: Company, admins: Any, *fees: dict[str, str]) -> None:
    ada, ben, _ = admins
    assert agree(company, ben, ask(company, ada, {"fees": list(fees)}, "bank_fees"))


def test_the_way_of_the_lowest_known_cost_is_taken_and_says_why(
    company: Company, admins: Any, second: Account
) -> None:
    agree_on_fees(company, admins, fee(HERE, "0.50 EUR"), fee(THERE, "0.20 EUR"))
    decide(company, admins, CHEAP)
    (row,) = company.orders(company.ask(company.request("a")))
    assert (row.route.account_id, row.route.cost) == (second.id, Money(20, "EUR"))
    assert row.route.rule == (
        "rule Cheap of routing rules 1: costs 0.20 EUR, the lowest that is known;"
        " next: DE-EUR by sepa_credit_transfer 0.50 EUR"
    )


def test_a_share_of_the_amount_is_added_and_a_started_cent_counts(
    company: Company, admins: Any, second: Account
) -> None:
    agree_on_fees(company, admins, fee(HERE, "0.25 EUR + 0.95 %"), fee(THERE, "1.20 EUR"))
    decide(company, admins, CHEAP)
    small, large = company.orders(
        company.ask(company.request("a", 99_99), company.request("b", 100_01))
    )
    assert (small.route.account_id == second.id, small.route.cost) == (False, Money(120, "EUR"))
    assert (large.route.account_id, large.route.cost) == (second.id, Money(120, "EUR"))


@pytest.mark.parametrize("cost", ["0.25 EUR + 100 %", "0.25 EUR + 1.00001 %", "0.25 EUR + -1 %",
                                  "0.25 EUR + ", "0.25 USD + 1 %", "+ 1 %"])  # fmt: skip
def test_what_is_no_share_is_refused(company: Company, admins: Any, cost: str) -> None:
    with pytest.raises(Invalid):
        ask(company, admins[0], {"fees": [fee(HERE, cost)]}, "bank_fees")


def test_what_is_not_known_is_never_taken_for_nothing(
    company: Company, admins: Any, second: Account
) -> None:
    agree_on_fees(company, admins, fee(THERE, "9.00 EUR"))
    decide(company, admins, CHEAP)
    (row,) = company.orders(company.ask(company.request("a")))
    assert row.route.account_id == second.id
    assert "cost not known: DE-EUR by sepa_credit_transfer" in row.route.rule
    agree_on_fees(company, admins)
    (row,) = company.orders(company.ask(company.request("b")))
    assert row.route.debtor_iban == company.accounts["DE-EUR"]
    assert "Cheap was passed over: what the ways that fit cost is not known" in row.route.rule
    assert row.route.cost is None


def test_a_fee_may_hang_on_the_amount(company: Company, admins: Any, second: Account) -> None:
    tiers = [
        fee(HERE, "0.10 EUR", up_to="1000.00"), fee(HERE, "5.00 EUR"), fee(THERE, "1.00 EUR"),
    ]  # fmt: skip
    agree_on_fees(company, admins, *tiers)
    (told,) = company.events("customer.policy_changed")
    assert told["after"]["fees"][0] == "Bank, sepa_credit_transfer, EUR up to 1000.00: 0.10 EUR"
    decide(company, admins, CHEAP)
    ids = company.ask(company.request("a", 1_000_00), company.request("b", 1_000_01))
    assert [row.route.account_id == second.id for row in company.orders(ids)] == [False, True]


def test_only_rails_that_the_rule_names_are_looked_at(
    company: Company, admins: Any, second: Account
) -> None:
    rule = {"name": "Cheap", "rail": "cheapest: sepa_instant, sepa_credit_transfer"}
    costs = [fee(HERE, "0.50 EUR"), fee(THERE, "0.05 EUR", rail="sepa_instant")]
    agree_on_fees(company, admins, *costs)
    decide(company, admins, wanted(rule, Cheap="amount 1.00 EUR"))
    asked = company.request("b", debit_iban=company.accounts["DE-EUR"])
    free, named = company.orders(company.ask(company.request("a"), asked))
    assert (free.route.account_id, free.route.rail) == (second.id, Rail.SEPA_INSTANT)
    assert named.route.rail is Rail.SEPA_CREDIT_TRANSFER


def test_at_release_a_cheaper_way_is_put_to_people_and_never_taken_silently(
    company: Company, admins: Any, second: Account
) -> None:
    agree_on_fees(company, admins, fee(HERE, "0.20 EUR"), fee(THERE, "0.50 EUR"))
    decide(company, admins, CHEAP)
    ids = company.ask(company.request("a"), company.request("b", payee="V2"))
    company.approve(ids)
    agree_on_fees(company, admins, fee(HERE, "0.60 EUR"), fee(THERE, "0.50 EUR"))
    assert company.release() == []
    for row in company.orders(ids):
        assert (row.state, row.route.account_id) == (OrderState.HELD, second.id)
    with tenant(company.tenant_id):
        (one,) = holds(ids[0])
    assert one.code == "route_no_longer_fits"
    assert "it costs 0.60 EUR now, and Z-EUR by sepa_credit_transfer, SLEV costs" in one.sentence


def test_dearer_than_it_was_and_still_the_cheapest_leaves(
    company: Company, admins: Any, second: Account
) -> None:
    agree_on_fees(company, admins, fee(HERE, "0.20 EUR"), fee(THERE, "0.50 EUR"))
    decide(company, admins, CHEAP)
    ids = company.ask(company.request("a"))
    company.approve(ids)
    agree_on_fees(company, admins, fee(HERE, "0.50 EUR"), fee(THERE, "0.50 EUR"))
    assert len(company.release()) == 1


def test_the_past_is_tried_with_the_costs_of_today(
    company: Company, admins: Any, second: Account
) -> None:
    company.ask(company.request("a"))
    agree_on_fees(company, admins, fee(HERE, "0.50 EUR"), fee(THERE, "0.20 EUR"))
    found = tried(company, CHEAP)
    assert (found.looked_at, found.different) == (1, 1)
    assert "costs 0.20 EUR, the lowest that is known" in found.shown[0].after


DAY = date(2026, 11, 23)
NAMES = {str(n): f"Account {n}" for n in range(6)}
QUOTED = st.tuples(st.none() | st.integers(0, 5), st.none() | st.integers(-1, 3))


def way(n: int) -> Route:
    return Route(
        account_id=str(n), debtor_iban=f"A{n}", connection_id=str(n), rule="",
        charge_bearer=ChargeBearer.SLEV, rail=Rail.SEPA_CREDIT_TRANSFER,
    )  # fmt: skip


@given(st.lists(QUOTED, min_size=1, max_size=6))
def test_no_way_in_time_costs_less(told: list[tuple[int | None, int | None]]) -> None:
    def quotes(_: PaymentRequest, route: Route) -> Quote:
        cost, ahead = told[int(route.account_id)]
        return Quote(
            fee=None if cost is None else Money(cost, "EUR"),
            day=None if ahead is None else DAY + timedelta(days=ahead),
        )

    ways = [way(n) for n in range(len(told))]
    days = [ahead for _, ahead in told if ahead is not None]
    last = max(0, min(days, default=0))
    costs = [
        (cost, n) for n, (cost, ahead) in enumerate(told)
        if cost is not None and (ahead is None or ahead <= last)
    ]  # fmt: skip
    found = cheapest(ways, some_request(requested_date=DAY), quotes, NAMES)
    if not costs:
        assert isinstance(found, str)
        return
    assert not isinstance(found, str)
    least, first = min(costs)
    assert (found[0].account_id, found[0].cost) == (str(first), Money(least, "EUR"))


def test_fees_of_several_currencies_are_not_compared() -> None:
    fees = {"0": Money(1, "EUR"), "1": Money(1, "USD")}
    found = cheapest(
        [way(0), way(1)],
        some_request(),
        lambda _, route: Quote(fee=fees[route.account_id], day=None),
        NAMES,
    )
    assert found == "fees in EUR and USD are not compared"


@pytest.mark.parametrize(("minor", "cost"), [(1, 10), (100, 10), (101, 20), (500, 20), (501, None)])
def test_the_smallest_tier_that_holds_the_amount_counts(minor: int, cost: int | None) -> None:
    tiers = [(500, 20), (100, 10)]
    fees = BankFees(
        fees=tuple(
            BankFee(
                connection_id="0", rail=Rail.SEPA_CREDIT_TRANSFER, currency="EUR",
                fee=Money(told, "EUR"), up_to=Money(up_to, "EUR"),
            )
            for up_to, told in tiers
        )
    )  # fmt: skip
    found = fees.fee(way(0), Money(minor, "EUR"))
    assert (found.minor if found else None) == cost
