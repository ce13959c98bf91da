"""Every way that a payment could take: what fits, when, at what cost, and why the others do not."""

from __future__ import annotations

from typing import Any

import pytest

from nostro.domain.errors import Invalid
from nostro.domain.party import Account
from nostro.domain.payment import Rail
from nostro.storage import models
from nostro.storage.tenancy import tenant
from nostro.workflows import route_options
from nostro.workflows.route_options import Option, Options
from tests.workflows.company import BANKS, Company
from tests.workflows.test_change_requests import admins, agree, ask, refusal
from tests.workflows.test_routing_rules import decide, large, second

__all__ = ["admins", "second"]


def of(found: Options, account: str, rail: str) -> Option:
    (one,) = [one for one in found.options if (one.account, one.rail) == (account, rail)]
    return one


def test_every_way_of_a_payment_with_its_reason(
    company: Company, admins: Any, second: Account
) -> None:
    decide(company, admins, large(second, fallback=company.accounts["DE-EUR"]))
    (order_id,) = company.ask(company.request("big", 5_000_00))
    with tenant(company.tenant_id):
        found = route_options.of_payment(company.job, order_id)
    assert found
    assert found.rule == "rule Large of routing rules 1"
    assert [(one.name, one.holds) for one in found.rules] == [("Large", True)]
    first, *others = found.options
    assert (first.account, first.bank, first.chosen) == ("Z-EUR", "Second bank", True)
    assert first.day is not None
    assert first.leaves_at is not None
    assert of(found, "DE-EUR", "sepa_credit_transfer").fallback
    assert not of(found, "Z-EUR", "cross_border_transfer").chosen
    usd = of(found, "DE-USD", "")
    assert (usd.fits, usd.day) == (False, None)
    assert usd.because == "It is in USD, the payment in EUR."
    ach = of(found, "DE-EUR", "ach_ccd")
    assert not ach.fits
    assert ach.because == "ACH to a company (CCD) does not carry EUR."
    alike = {(one.account, one.rail) for one in found.options if one.reason == ach.reason}
    assert {("DE-EUR", "ach_ccd"), ("Z-EUR", "ach_ccd"), ("DE-EUR", "fedwire")} <= alike
    assert ach.reason == "Does not carry EUR"
    assert of(found, "DE-EUR", "sepa_instant").on_demand
    fits = [one.fits for one in others]
    assert fits == sorted(fits, reverse=True), "what fits comes first"
    assert not any(one.account == "NL-EUR" for one in found.options), "another entity's account"


def test_a_payment_that_might_be(company: Company, admins: Any, second: Account) -> None:
    decide(company, admins, large(second))
    with tenant(company.tenant_id):
        before = models.Order.objects.count()
        found = route_options.of_request(company.job, company.request("x", 10_00), "api")
        assert models.Order.objects.count() == before
        assert found.rules[0].because == 'amount >= eur("1000.00")'
        assert found.options[0].account == "DE-EUR"
        assert found.options[0].chosen
        with pytest.raises(Invalid, match="no legal entity FR"):
            route_options.of_request(company.job, company.request("x", entity_code="FR"), "api")
        none = route_options.of_request(company.job, company.request("x", currency="JPY"), "api")
    assert none.rule == ""
    assert not any(one.fits for one in none.options)


def test_what_a_connection_does_not_take_is_not_proposed(
    company: Company, admins: Any, second: Account
) -> None:
    decide(company, admins, large(second, rail="sepa_instant"))
    (before,) = company.orders(company.ask(company.request("before", 5_000_00)))
    assert before.route.rail is Rail.SEPA_INSTANT
    for bank in (company.bank, BANKS[f"{company.code}-2"]):
        bank.taken = frozenset({Rail.SEPA_CREDIT_TRANSFER})
    (row,) = company.orders(company.ask(company.request("large", 5_000_00)))
    assert row.route.rail is Rail.SEPA_CREDIT_TRANSFER
    assert "Large was passed over: The connection of" in row.route.rule
    with tenant(company.tenant_id):
        found = route_options.of_payment(company.job, row.id)
    assert found
    instant = of(found, "DE-EUR", "sepa_instant")
    assert not instant.fits
    assert "The connection of DE-EUR takes no payments by" in instant.because
    with pytest.raises(Invalid, match="takes no payments by"):
        company.ask(company.request("asked", rail=Rail.SEPA_INSTANT))
    with tenant(company.tenant_id):
        none = route_options.of_request(
            company.job, company.request("x", rail=Rail.SEPA_INSTANT), "api"
        )
    assert not any(one.fits for one in none.options)


def test_what_banks_charge_stands_beside_the_ways(
    company: Company, admins: Any, second: Account
) -> None:
    ada, ben, _ = admins
    fee = {"bank": "Bank", "rail": "sepa_credit_transfer", "currency": "eur", "fee": "0.20 EUR"}
    agree(company, ben, ask(company, ada, {"fees": [fee]}, "bank_fees"))
    (told,) = company.events("customer.policy_changed")
    assert told["after"]["fees"] == ["Bank, sepa_credit_transfer, EUR: 0.20 EUR"]
    with tenant(company.tenant_id):
        found = route_options.of_request(company.job, company.request("x"), "api")
    assert str(of(found, "DE-EUR", "sepa_credit_transfer").fee) == "0.20 EUR"
    assert of(found, "Z-EUR", "sepa_credit_transfer").fee is None
    for fees in (
        [fee, fee],
        [{**fee, "bank": "Nobody"}],
        [{**fee, "rail": ""}],
        [{**fee, "fee": "-0.20 EUR"}],
    ):
        assert refusal(lambda fees=fees: ask(company, ada, {"fees": fees}, "bank_fees")) == (  # type: ignore[misc]
            "fees_unfit"
        )
