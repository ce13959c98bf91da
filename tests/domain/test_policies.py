"""Checks, approval and routing: a table of cases each, and an oracle that says it again plainly."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostro.domain.errors import Refused
from nostro.domain.money import Money
from nostro.domain.party import Account, Member, PayeeAccount, PostalAddress, Role
from nostro.domain.payment import PaymentRequest, Rail
from nostro.domain.policies.approval import (
    Authorship,
    is_complete,
    may_approve,
    may_release_hold,
)
from nostro.domain.policies.checks import RECENT_CHANGE, Effect, Known, check
from nostro.domain.policies.limits import shortened
from nostro.domain.policies.routing import propose

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
IBAN, OTHER = "NL91ABNA0417164300", "DE89370400440532013000"
EURO = Money(100_00, "EUR")


def request(**changes: Any) -> PaymentRequest:
    fields: dict[str, Any] = {
        "source_reference": "R1", "entity_code": "E", "amount": EURO, "payee_number": "V1",
        "payee_name": "Supplier", "payee_address": PostalAddress(town="Utrecht", country="NL"),
        "creditor_iban": IBAN, "requested_date": date(2026, 11, 3), "invoices": ("INV-1", "INV-2"),
    }  # fmt: skip
    return PaymentRequest(**{**fields, **changes})


def payee(**changes: Any) -> PayeeAccount:
    fields: dict[str, Any] = {
        "id": "pa1", "payee_id": "p1", "payee_number": "V1", "payee_name": "Supplier",
        "version": 1, "iban": IBAN, "bic": "", "valid_from": NOW - timedelta(days=1),
        "changed_by": "ERP", "confirmed": False,
    }  # fmt: skip
    return PayeeAccount(**{**fields, **changes})


YOUNG, OLD = NOW - timedelta(days=3), NOW - RECENT_CHANGE
CHECKS: dict[str, tuple[dict[str, Any], PayeeAccount | None, str]] = {
    "nothing": ({}, payee(), ""),
    "zero": ({"amount": Money(0, "EUR")}, payee(), "amount_not_positive"),
    "negative": ({"amount": Money(-1, "EUR")}, payee(), "amount_not_positive"),
    "no town": ({"payee_address": PostalAddress(country="NL")}, payee(), "address_incomplete"),
    "no country": ({"payee_address": PostalAddress(town="U")}, payee(), "address_incomplete"),
    "in a year": ({"requested_date": NOW.date() + timedelta(days=366)}, payee(), ""),
    "too far": (
        {"requested_date": NOW.date() + timedelta(days=367)}, payee(), "date_too_far"
    ),
    "the last day of all": ({"requested_date": date.max}, payee(), "date_too_far"),
    "a year ago": ({"requested_date": NOW.date() - timedelta(days=366)}, payee(), ""),
    "too old": ({"requested_date": NOW.date() - timedelta(days=367)}, payee(), "date_too_old"),
    "unknown payee": ({}, None, "payee_unknown"),
    "another account": ({"creditor_iban": OTHER}, payee(), "account_differs"),
    "fresh change": ({}, payee(version=2, valid_from=YOUNG), "account_recently_changed"),
    "confirmed change": ({}, payee(version=2, valid_from=YOUNG, confirmed=True), ""),
    "old change": ({}, payee(version=2, valid_from=OLD), ""),
    "all at once": (
        {"amount": Money(0, "EUR"), "payee_address": PostalAddress()}, None,
        "amount_not_positive address_incomplete payee_unknown",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CHECKS)
def test_checks(name: str) -> None:
    changes, account, codes = CHECKS[name]
    known = Known(payee_account=account, now=NOW)
    findings = check(request(**changes), known)
    assert [finding.code for finding in findings] == codes.split()
    for finding in findings:
        wrong_input = finding.code in (
            "amount_not_positive", "address_incomplete", "date_too_far", "date_too_old",
        )  # fmt: skip
        assert finding.effect is (Effect.INVALID if wrong_input else Effect.HOLD)
        assert finding.sentence.endswith(".")
        assert OTHER not in finding.sentence
        assert IBAN not in finding.sentence


@pytest.mark.parametrize(("days", "said"), [(0, "today"), (1, "1 day ago"), (2, "2 days ago")])
def test_a_recent_change_says_when(days: int, said: str) -> None:
    account = payee(version=2, valid_from=NOW - timedelta(days=days))
    (finding,) = check(request(), Known(payee_account=account, now=NOW))
    assert f"was changed {said} by ERP" in finding.sentence


def test_what_was_paid_before_nostro_may_be_old() -> None:
    known = Known(payee_account=payee(), now=NOW, past=True)
    assert check(request(requested_date=date(2020, 1, 1)), known) == ()


INVOICES = [f"F-{number:06}" for number in range(100)]


@pytest.mark.parametrize("count", range(100))
def test_invoices_are_shortened_whole_and_visibly(count: int) -> None:
    text = shortened(INVOICES[:count])
    assert len(text) <= 140
    kept, _, more = text.partition(" and ")
    named = kept.split(", ") if kept else []
    assert named == INVOICES[: len(named)]
    assert len(named) + int(more.removesuffix(" more") or 0) == count
    assert not more or len(f"{kept}, {INVOICES[0]} and {count} more") > 140, "as many as fit"


def test_one_invoice_number_is_never_cut() -> None:
    assert shortened(["A" * 200]) == "A" * 200


IDS = st.sampled_from("abcde")
GROUPS = st.frozensets(IDS, max_size=3)
MEMBERS = st.builds(
    Member,
    id=IDS,
    name=st.just("Someone"),
    roles=st.frozensets(st.sampled_from(Role), max_size=3),
    is_person=st.booleans(),
)
AUTHORS = st.builds(
    Authorship, makers=GROUPS, payee_account_changed_by=GROUPS, rules_changed_by=GROUPS
)


def allowed(act: Any, *arguments: Any) -> bool:
    try:
        act(*arguments)
    except Refused:
        return False
    return True


APPROVES = frozenset({Role.APPROVER, Role.TREASURER})


def entitled(member: Member, authors: Authorship, roles: frozenset[Role] = APPROVES) -> bool:
    """The rule said again: a person with the right, and not the author of any of it."""
    rightful = bool(member.roles & roles)
    author = member.id in {
        *authors.makers,
        *authors.payee_account_changed_by,
        *authors.rules_changed_by,
    }
    return member.is_person and rightful and not author


@given(MEMBERS, AUTHORS, GROUPS)
def test_who_may_approve(member: Member, authors: Authorship, given_by: frozenset[str]) -> None:
    expected = entitled(member, authors) and member.id not in given_by
    assert allowed(may_approve, member, authors, given_by) == expected
    releases = entitled(member, authors, APPROVES | {Role.RELEASER})
    assert allowed(may_release_hold, member, authors) == releases


@given(st.lists(MEMBERS, max_size=12), AUTHORS)
def test_a_complete_approval_is_two_people_who_made_none_of_it(
    members: list[Member], authors: Authorship
) -> None:
    approved: list[str] = []
    for member in members:
        if allowed(may_approve, member, authors, approved):
            approved.append(member.id)
    assert len(approved) == len(set(approved))
    made = authors.makers | authors.payee_account_changed_by | authors.rules_changed_by
    assert not set(approved) & made
    assert is_complete(approved) == (len(approved) >= 2)


REFUSALS = [
    ({"is_person": False}, "keys_never_approve"),
    ({"roles": frozenset({Role.MAKER, Role.AUDITOR, Role.INTEGRATOR})}, "not_an_approver"),
    ({"id": "maker"}, "maker_cannot_approve"),
    ({"id": "editor"}, "payee_editor_cannot_approve"),
    ({"id": "lawmaker"}, "lawmaker_cannot_approve"),
    ({"id": "first"}, "already_approved"),
]


@pytest.mark.parametrize(("changes", "code"), REFUSALS)
def test_the_refusal_says_why(changes: dict[str, Any], code: str) -> None:
    able = Member(id="second", name="Ada", roles=frozenset({Role.APPROVER, Role.MAKER}))
    authors = Authorship(
        makers=frozenset({"maker"}),
        payee_account_changed_by=frozenset({"editor"}),
        rules_changed_by=frozenset({"lawmaker"}),
    )
    may_approve(able, authors, {"first"})
    with pytest.raises(Refused) as told:
        may_approve(msgspec.structs.replace(able, **changes), authors, {"first"})
    assert told.value.code == code


def test_one_person_twice_is_one_person() -> None:
    assert not is_complete([])
    assert not is_complete(["a"])
    assert not is_complete(["a", "a"])
    assert is_complete(["a", "b"])


def account(name: str, iban: str, currency: str) -> Account:
    return Account(
        id=name, legal_entity_id="e", connection_id=f"c-{name}", name=name, iban=iban, bic="",
        currency=currency, ledger_account="", clearing_account="",
    )  # fmt: skip


ACCOUNTS = (
    account("first", "NL20INGB0001234567", "EUR"),
    account("second", "NL02RABO0123456789", "EUR"),
    account("dollar", "NL44RABO0123456789", "USD"),
)
# currency | payee's country | account named by the source -> account, rail, charges
ROUTES = """
EUR | NL | -                  -> first  sepa_credit_transfer  SLEV
EUR | CH | -                  -> first  sepa_credit_transfer  SLEV
EUR | GB | -                  -> first  sepa_credit_transfer  SLEV
EUR | US | -                  -> first  cross_border_transfer SHAR
EUR | TR | -                  -> first  cross_border_transfer SHAR
USD | NL | -                  -> dollar cross_border_transfer SHAR
USD | US | -                  -> dollar cross_border_transfer SHAR
EUR | NL | NL02RABO0123456789 -> second sepa_credit_transfer  SLEV
EUR | NL | NL44RABO0123456789 -> none
USD | NL | NL02RABO0123456789 -> none
EUR | NL | NL91ABNA0417164300 -> none
GBP | GB | -                  -> none
"""


@pytest.mark.parametrize("row", ROUTES.strip().splitlines())
def test_routes(row: str) -> None:
    given_, _, expected = row.partition("->")
    currency, country, debit = (cell.strip() for cell in given_.split("|"))
    asked = request(
        amount=Money(1, currency), creditor_iban=f"{country}00",
        debit_iban="" if debit == "-" else debit,
    )  # fmt: skip
    route = propose(asked, ACCOUNTS)
    if expected.strip() == "none":
        assert route is None
        return
    assert route is not None
    assert [route.account_id, route.rail, route.charge_bearer] == expected.split()
    chosen = next(each for each in ACCOUNTS if each.id == route.account_id)
    assert (route.debtor_iban, route.connection_id) == (chosen.iban, chosen.connection_id)
    assert chosen.name in route.rule


def test_no_account_no_route() -> None:
    assert propose(request(), ()) is None
    assert {rail.value for rail in Rail} >= {"sepa_credit_transfer", "cross_border_transfer"}
