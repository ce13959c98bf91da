"""Rules of routing: asked for by one, agreed to by another, tried on examples and on the past."""

from __future__ import annotations

from functools import partial
from typing import Any

import msgspec
import pytest

from nostro.domain.dry_run import DryRun
from nostro.domain.errors import Invalid
from nostro.domain.party import Account
from nostro.domain.payment import ChargeBearer, Rail, Urgency, Wishes
from nostro.storage import parties
from nostro.storage.tenancy import tenant
from nostro.workflows import changes
from tests.workflows.company import BANKS, Company, ScriptedBank, iban
from tests.workflows.test_change_requests import admins, agree, ask, refusal

__all__ = ["admins"]

LARGE = "Large"


@pytest.fixture
def second(company: Company) -> Account:
    """A second bank, and an account of the German entity there: in euro, last by name."""
    name = f"{company.code}-2"
    BANKS[name] = ScriptedBank()
    with tenant(company.tenant_id):
        connection_id = company.world.ids.new()
        parties.create_connection(connection_id, "Second bank", "scripted", {"name": name})
        entity = next(one.id for one in parties.entities() if one.code == "DE")
        account = Account(
            id=str(company.world.ids.new()), legal_entity_id=entity,
            connection_id=str(connection_id), name="Z-EUR", iban=iban(company.seed + 55, "DE"),
            bic="MOCKDEFF", currency="EUR", ledger_account="1800", clearing_account="1900",
        )  # fmt: skip
        parties.create_account(account)
    return account


def wanted(*routes: dict[str, str], **examples: str) -> dict[str, Any]:
    """Rules, and per rule the payment of its example."""
    return {
        "routes": list(routes),
        "examples": [{"payment": payment, "rule": rule} for rule, payment in examples.items()],
    }


def large(account: Account, **more: str) -> dict[str, Any]:
    rule = {"name": LARGE, "account": account.iban, "when": 'amount >= eur("1000.00")', **more}
    return wanted(rule, Large="amount 1000.00 EUR", standard="amount 999.99 EUR")


def decide(company: Company, admins: Any, rules: dict[str, Any]) -> None:
    ada, ben, _ = admins
    assert agree(company, ben, ask(company, ada, rules, "routing_rules"))


def tried(company: Company, rules: dict[str, Any]) -> DryRun:
    kind = changes.named("routing_rules")
    since = company.clock.now().replace(year=2020)
    with tenant(company.tenant_id):
        assert kind.dry_run
        return kind.dry_run(company.job, changes.read(kind, rules), since)


def test_the_first_rule_that_fits_says_the_way_and_why(
    company: Company, admins: Any, second: Account
) -> None:
    decide(company, admins, large(second))
    ids = company.ask(company.request("small", 999_99), company.request("large", 1_000_00))
    small, big = company.orders(ids)
    assert small.route.debtor_iban == company.accounts["DE-EUR"]
    assert small.route.rule == "EUR from DE-EUR, SEPA reaches the payee"
    assert big.route.account_id == second.id
    assert big.route.connection_id == second.connection_id
    assert big.route.rule == "rule Large of routing rules 1"
    assert big.approval_digest == big.approvable().digest()


def test_a_rule_that_does_not_fit_is_passed_over_and_the_route_says_so(
    company: Company, admins: Any, second: Account
) -> None:
    instant = {"name": "Abroad", "rail": "cross_border_transfer", "charge_bearer": "SLEV"}
    rule = {**instant, "when": 'payee_country == "NL"'}
    rules = wanted(rule, Abroad="amount 1.00 EUR, payee_country NL")
    decide(company, admins, rules)
    (row,) = company.orders(company.ask(company.request("x")))
    assert row.route.rail is Rail.SEPA_CREDIT_TRANSFER
    assert "Abroad was passed over: cross_border_transfer does not go with" in row.route.rule


def test_a_rule_may_ask_how_urgent_it_is_and_what_names_the_account(
    company: Company, admins: Any, second: Account
) -> None:
    urgent = {"name": "Fast", "rail": "sepa_instant",
              "when": 'urgency == "urgent" && account_kind == "iban"'}  # fmt: skip
    no_iban = {"name": "None", "account": second.name, "when": 'account_kind != "iban"'}
    told = {"Fast": "amount 1.00 EUR, urgency urgent, account_kind iban",
            "None": "amount 1.00 EUR, account_kind aba",
            "standard": "amount 1.00 EUR, account_kind iban"}  # fmt: skip
    decide(company, admins, wanted(urgent, no_iban, **told))
    wishes = [Wishes(urgency=Urgency.URGENT), Wishes(urgency=Urgency.NORMAL), None]
    ids = company.ask(*(company.request(f"w{n}", wishes=one) for n, one in enumerate(wishes)))
    rails = [row.route.rail for row in company.orders(ids)]
    assert rails == [Rail.SEPA_INSTANT, Rail.SEPA_CREDIT_TRANSFER, Rail.SEPA_CREDIT_TRANSFER]


def test_the_account_that_the_source_names_is_never_left(
    company: Company, admins: Any, second: Account
) -> None:
    decide(company, admins, large(second))
    named = company.request("x", 5_000_00, debit_iban=company.accounts["DE-EUR"])
    (row,) = company.orders(company.ask(named))
    assert row.route.debtor_iban == company.accounts["DE-EUR"]
    assert "Large was passed over" in row.route.rule
    assert row.route.asked_for


def test_rail_charges_and_fallback_of_a_rule(
    company: Company, admins: Any, second: Account
) -> None:
    rule = {
        "name": "Ours", "rail": "cross_border_transfer", "charge_bearer": "DEBT",
        "fallback": f"{second.name}, {company.accounts['DE-USD']}, {company.accounts['DE-EUR']}",
    }  # fmt: skip
    decide(company, admins, wanted(rule, Ours="amount 1.00 EUR"))
    (row,) = company.orders(company.ask(company.request("x")))
    assert (row.route.rail, row.route.charge_bearer) == (
        Rail.CROSS_BORDER_TRANSFER,
        ChargeBearer.DEBT,
    )
    (fallback,) = row.route.fallback  # Neither another currency nor the same way again.
    assert (fallback.account_id, fallback.rail) == (second.id, Rail.CROSS_BORDER_TRANSFER)


def test_payments_to_ourselves(company: Company, admins: Any, second: Account) -> None:
    rule = {"name": "Group", "account": second.name, "when": "intercompany"}
    rules = wanted(rule, Group="amount 1.00 EUR, intercompany yes")
    decide(company, admins, rules)
    own = company.accounts["NL-EUR"]
    ids = company.ask(company.request("a", creditor_iban=own), company.request("b"))
    assert [row.route.account_id == second.id for row in company.orders(ids)] == [True, False]


def test_what_cannot_be_a_rule_is_refused_with_its_reason(
    company: Company, admins: Any, second: Account
) -> None:
    good = large(second)
    (rule,) = good["routes"]
    for code, rules in (
        ("rule_not_understood", {**good, "routes": [{**rule, "when": "amonut > 3"}]}),
        ("route_unreadable", {**good, "routes": [{**rule, "account": "Elsewhere"}]}),
        ("route_unreadable", {**good, "routes": [{**rule, "rail": "pigeon"}]}),
        ("route_unreadable", {**good, "routes": [{**rule, "charge_bearer": "ME"}]}),
        ("route_unreadable", {**good, "routes": [{**rule, "fallback": "Z-EUR," * 6}]}),
        ("rules_unnamed", {**good, "routes": [rule, rule]}),
        ("rules_unnamed", {**good, "routes": [{**rule, "name": "standard"}]}),
        ("rule_without_example", {**good, "examples": good["examples"][1:]}),
        ("example_unreadable", wanted(rule, Large="amount much")),
        ("example_unreadable", wanted(rule, Large="payee_country DE")),
        ("example_differs", wanted(rule, Large="amount 10.00 EUR")),
        ("change_unreadable", {**good, "rules": []}),
    ):
        assert refusal(partial(ask, company, admins[0], rules, "routing_rules")) == code
    with pytest.raises(Invalid, match="asks about amonut") as refused:
        ask(
            company,
            admins[0],
            {**good, "routes": [{**rule, "when": "amonut > 3"}]},
            "routing_rules",
        )
    assert refused.value.location == "character 1"


def test_a_rule_that_another_hides_has_no_example_and_is_refused(
    company: Company, admins: Any, second: Account
) -> None:
    good = large(second)
    hiding = {"name": "All", "when": ""}
    rules = {**good, "routes": [hiding, *good["routes"]]}
    assert refusal(partial(ask, company, admins[0], rules, "routing_rules")) == "example_differs"


def test_a_dry_run_says_which_past_payments_would_have_gone_another_way(
    company: Company, admins: Any, second: Account
) -> None:
    secret = company.request("secret", 9_000_00, confidential=True)
    company.ask(company.request("small", 10_00), company.request("big", 5_000_00), secret)
    found = tried(company, large(second))
    assert (found.looked_at, found.different, found.complete) == (2, 1, True)
    (one,) = found.shown
    assert one.before == "DE-EUR by sepa_credit_transfer, SLEV"
    assert one.after.startswith("Z-EUR by sepa_credit_transfer, SLEV (rule Large")
    assert tried(company, {}).different == 0
    decide(company, admins, large(second))
    company.ask(company.request("now", 6_000_00))
    assert tried(company, large(second)).different == 1
    assert tried(company, {}).different == 1


def test_the_rules_in_force_are_what_a_new_wish_begins_with(
    company: Company, admins: Any, second: Account
) -> None:
    decide(company, admins, large(second, fallback=company.accounts["DE-EUR"]))
    kind = changes.named("routing_rules")
    with tenant(company.tenant_id):
        assert kind.as_it_is
        wish = kind.as_it_is(company.job)
    assert refusal(
        partial(ask, company, admins[0], msgspec.to_builtins(wish), "routing_rules")
    ) == "nothing_changes"  # fmt: skip
