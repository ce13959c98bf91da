"""The rail table, accounts without an IBAN, and which rail a payment is proposed."""

from __future__ import annotations

import runpy
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostro.domain.errors import Invalid
from nostro.domain.local_account import country_of, ending, is_routing_number, local_account, parts
from nostro.domain.money import Money
from nostro.domain.party import Account, PostalAddress
from nostro.domain.payment import (
    Approvable,
    ChargeBearer,
    Instruction,
    PaymentRequest,
    Rail,
    RollRule,
    Route,
)
from nostro.domain.policies import limits, routing
from nostro.domain.rail import TERMS, fits
from nostro.domain.rules.payment_facts import condition, facts_of

US = "USABA:021000021:123456789"
UK = "GBDSC:200000:55779911"
ADDRESS = PostalAddress(street="Main St", building="1", town="Austin", country="US")


def request(**more: Any) -> PaymentRequest:
    told: dict[str, Any] = {
        "source_reference": "1", "entity_code": "US", "amount": Money(100_00, "USD"),
        "payee_number": "V1", "payee_name": "Payee Inc", "payee_address": ADDRESS,
        "creditor_account": US, "requested_date": date(2026, 11, 23),
    }  # fmt: skip
    return PaymentRequest(**{**told, **more})


def account(name: str, currency: str, iban: str = "", local: str = "") -> Account:
    return Account(
        id=name, legal_entity_id="e", connection_id=f"c-{name}", name=name, iban=iban, bic="",
        currency=currency, ledger_account="", clearing_account="", local_account=local,
    )  # fmt: skip


ACCOUNTS = (
    account("euro", "EUR", "NL20INGB0001234567"),
    account("european dollar", "USD", "NL44RABO0123456789"),
    account("dollar", "USD", local="USABA:026009593:42"),
    account("pound", "GBP", local="GBDSC:601613:31926819"),
)


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ({"creditor_account": "", "creditor_iban": "NL20INGB0001234567"}, "iban"),
        ({}, "aba"),
        ({"creditor_account": UK}, "sort_code"),
        ({"creditor_account": "BIC:BOFAUS3N:42"}, "bic"),
        ({"creditor_account": ""}, "none"),
    ],
)
def test_a_rule_may_ask_what_names_the_payees_account(more: dict[str, str], kind: str) -> None:
    told = facts_of(request(**more), entity="US", source="api", own=(), today=date(2026, 11, 20))
    assert condition(f'account_kind == "{kind}"').holds(told)
    assert (told["urgency"], told["purpose"], told["days_ahead"]) == ("", "", 3)


def test_the_digest_of_an_approved_payment_with_an_iban_is_what_it_was() -> None:
    """Made before accounts without an IBAN were known: an approval of that time holds."""
    iban = "DE89370400440532013000"
    approved = Approvable(
        order_id="018f0000-0000-7000-8000-000000000001",
        instruction=Instruction(
            end_to_end_id="ACME-PAY-00001", amount=Money(123450, "EUR"),
            creditor_name="Beispiel GmbH",
            creditor_address=PostalAddress(
                street="Weg", building="1", post_code="10115", town="Berlin", country="DE"
            ),
            creditor_iban=iban, creditor_bic="", requested_date=date(2026, 11, 23),
            latest_date=date(2026, 12, 3), roll_rule=RollRule.NEXT_BANK_DAY, remittance="INV-1",
            creditor_reference="",
        ),
        route=Route(
            account_id="018f0000-0000-7000-8000-000000000002", debtor_iban=iban,
            connection_id="018f0000-0000-7000-8000-000000000003",
            rail=Rail.SEPA_CREDIT_TRANSFER, charge_bearer=ChargeBearer.SLEV,
            rule="EUR from Main, SEPA reaches the payee",
        ),
        payee_account_id="018f0000-0000-7000-8000-000000000004", payee_account_version=2,
        policy_version="v1",
    )  # fmt: skip
    assert approved.digest() == "9d911c2fde57c2a9f595e4cd619210724820667021e75dd1543f93397e084466"


def test_every_rail_has_its_row() -> None:
    assert set(TERMS) == set(Rail)
    assert all(terms.source and terms.final for terms in TERMS.values())


RIGHT = {
    "usaba: 0210-0002-1 : 12 34-5": "USABA:021000021:1234-5",
    "USABA:021000021:123:svgs": "USABA:021000021:123:SVGS",
    "GBDSC:20-00-00:5577 9911": UK,
    "BIC:bofaus3n:0042/77": "BIC:BOFAUS3N:0042/77",
}
WRONG = [
    "", "123", "USABA:021000021", "USABA:021000022:1", "USABA:000000000:1", "USABA:021000021:",
    "USABA:021000021:123456789012345678", "GBDSC:20000:55779911", "GBDSC:200000:5577991",
    "BIC:BOFA:1", "IBAN:X:1", "USABA:021000021:1:LOAN", "USABA:021000021:1:SVGS:2",
    "USABA:02100002\u0661:1",
]  # fmt: skip


@pytest.mark.parametrize("written", RIGHT)
def test_an_account_is_written_one_way(written: str) -> None:
    assert local_account(written) == RIGHT[written]
    assert str(parts(RIGHT[written])) == RIGHT[written] == local_account(RIGHT[written])


@pytest.mark.parametrize("written", WRONG)
def test_what_is_no_account_is_refused(written: str) -> None:
    with pytest.raises(Invalid):
        local_account(written)


def test_where_an_account_is_and_how_it_ends() -> None:
    assert country_of("NL20INGB0001234567", "") == "NL"
    assert [country_of("", one) for one in (US, UK, "BIC:BOFAUS3N:7")] == ["US", "GB", "US"]
    assert country_of("", "") == country_of("", "erased") == ""
    assert ending(f"{US}:SVGS") == ending(US) == "6789"


@given(st.text("0123456789", min_size=9, max_size=9), st.integers(0, 8), st.integers(1, 9))
def test_one_wrong_digit_is_no_routing_number(code: str, place: int, by: int) -> None:
    changed = code[:place] + str((int(code[place]) + by) % 10) + code[place + 1 :]
    assert not (is_routing_number(code) and is_routing_number(changed))


LONG = "INV-1 " * 20
# What is asked -> account, rail; or words of the refusal.
ROUTES: list[tuple[dict[str, Any], str]] = [
    ({}, "dollar ach_ccd"),
    ({"remittance": LONG}, "dollar ach_ctx"),
    ({"to_person": True}, "dollar ach_ppd"),
    ({"rail": Rail.RTP}, "dollar rtp"),
    ({"rail": Rail.FEDWIRE}, "dollar fedwire"),
    ({"amount": Money(10_000_000_000, "USD")}, "dollar fedwire"),
    ({"debit_iban": "NL44RABO0123456789"}, "european dollar cross_border_transfer"),
    ({"debit_iban": "USABA:026009593:42"}, "dollar ach_ccd"),
    ({"creditor_account": "BIC:BOFAUS3N:7"}, "european dollar cross_border_transfer"),
    ({"amount": Money(1, "GBP"), "creditor_account": UK}, "pound faster_payments"),
    ({"amount": Money(100_000_001, "GBP"), "creditor_account": UK}, "pound bacs"),
    ({"amount": Money(2_000_000_001, "GBP"), "creditor_account": UK}, "pound chaps"),
    ({"amount": Money(1, "GBP"), "creditor_account": UK, "rail": Rail.BACS}, "pound bacs"),
    (
        {"amount": Money(1, "EUR"), "creditor_account": "", "creditor_iban": "FR76",
         "rail": Rail.SEPA_INSTANT},
        "euro sepa_instant",
    ),
    ({"creditor_account": "", "rail": Rail.CHECK}, "european dollar check"),
    ({"creditor_account": ""}, "! payee_without_account: "),
    ({"rail": Rail.RTP, "amount": Money(1_000_000_001, "USD")}, "! RTP carries 10,000,000.00 USD"),
    ({"rail": Rail.SEPA_INSTANT}, "! does not carry USD"),
    ({"amount": Money(1, "EUR"), "rail": Rail.ACH_CCD}, "! does not leave from an IBAN (euro)"),
    ({"rail": Rail.CHECK}, "! Cheque does not pay to a US routing"),
    ({"amount": Money(1, "JPY")}, "! no_account: Entity US has no account in JPY."),
    (
        {"amount": Money(100_000_000_000, "EUR"), "creditor_account": "", "creditor_iban": "NL1"},
        "! amount_too_large: SEPA credit transfer carries 999,999,999.99 EUR at most.",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "expected"), ROUTES)
def test_the_rail_is_what_fits_the_account(asked: dict[str, Any], expected: str) -> None:
    one = request(**asked)
    route = routing.propose(one, ACCOUNTS)
    if expected.startswith("! "):
        assert route is None
        assert expected[2:] in ": ".join(routing.why_none(one, ACCOUNTS))
        return
    assert route is not None
    assert f"{route.account_id} {route.rail}" == expected
    chosen = next(each for each in ACCOUNTS if each.id == route.account_id)
    assert (route.debtor_number, route.charge_bearer) == (
        chosen.number, TERMS[route.rail].charge_bearers[0],
    )  # fmt: skip


@given(st.sampled_from(Rail), st.sampled_from(ACCOUNTS), st.sampled_from(["EUR", "USD", "GBP"]))
def test_a_rail_either_fits_or_says_why(rail: Rail, debited: Account, currency: str) -> None:
    for paid in ("", US, UK):
        one = request(amount=Money(1, currency), creditor_account=paid, rail=rail)
        reasons = fits(rail, one, debited)
        assert bool(reasons) == (routing.propose(one, [debited]) is None)
        assert all(reason.endswith(".") for reason in reasons)


def test_a_long_name_is_shortened_by_whole_words() -> None:
    name = "Northwind Traders and Sons Incorporated"
    assert limits.shortened_name(name, 22) == "Northwind Traders and"
    assert limits.shortened_name("A" * 30, 22) == "A" * 22
    assert limits.shortened_name(name, 39) == name


def test_the_page_is_current() -> None:
    docs = Path(__file__).parents[2] / "docs"
    made = runpy.run_path(str(docs / "generate_rails.py"))["page"]()
    assert (docs / "rails.md").read_text(encoding="utf-8") == made, (
        "run `python docs/generate_rails.py`"
    )
