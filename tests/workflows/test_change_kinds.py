"""Each kind of change: payees, rules of approving, delegations, broken glass, keys, connections."""

from __future__ import annotations

import typing
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import msgspec
import pytest

from nostro.domain.case import CaseKind
from nostro.domain.errors import Invalid, NostroError, Refused
from nostro.domain.order import OrderState
from nostro.domain.party import Member, Role
from nostro.storage import key_owning, keys, parties, people
from nostro.storage.keys import Scope
from nostro.storage.tenancy import tenant
from nostro.workflows import approval, break_glass, change_requests, changes, key_work
from nostro.workflows.context import Acting
from tests.workflows.company import Company, iban
from tests.workflows.test_change_requests import admins, agree, ask, now_is, refusal

__all__ = ["admins"]


def mail(member: Member) -> str:
    return f"{member.id}@example.com"


@pytest.fixture
def clerk(company: Company) -> Member:
    """Makes payments and asks for payees; approves nothing."""
    made = company._member("Cora Clerk", frozenset({Role.MAKER}))
    with tenant(company.tenant_id):
        company.employ(made)
    return made


def test_the_kinds_are_found_by_being_there() -> None:
    assert sorted(changes.find()) == [
        "api_key", "approval_rules", "bank_calendar", "bank_fees", "break_glass", "connection",
        "delegation", "duplicates", "enrichment", "fraud_monitoring", "group_roles",
        "legal_hold_lift", "match_differences", "match_precision", "match_vetoes", "membership",
        "new_connection", "partner_access", "payee",
        "payee_account", "payee_call_back", "payee_checks", "payee_details", "payee_erasure",
        "payee_import", "payee_penny_test", "payee_verification", "payment_limits",
        "person_erasure", "positive_pay", "remittance_advice", "retention", "routing_rules",
        "screening", "sign_on", "sign_on_removal", "statement_calendar",
    ]  # fmt: skip


def structs_in(hint: Any) -> set[type[msgspec.Struct]]:
    """A wish's struct and every struct inside of it."""
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        inner = (structs_in(one) for one in typing.get_type_hints(hint).values())
        return {hint}.union(*inner)
    return set().union(*(structs_in(one) for one in typing.get_args(hint)))


@pytest.mark.parametrize("name", sorted(changes.find()))
def test_what_a_wish_does_not_know_is_refused_not_passed_over(name: str) -> None:
    """A limit that is misspelled must not become a right without a limit."""
    for struct in structs_in(changes.named(name).wanted):
        assert struct.__struct_config__.forbid_unknown_fields, struct


def test_a_misspelled_limit_is_told(company: Company, admins: Any) -> None:
    grant = {"role": "approver", "upto": "5000.00 EUR"}
    wanted = {"person": mail(company.ann), "grants": [grant]}
    with pytest.raises(Invalid, match="upto") as refused:
        ask(company, admins[0], wanted, "membership")
    assert refused.value.code == "change_unreadable"


def test_another_customers_people_are_nobody(company: Company, admins: Any) -> None:
    """Neither a name nor that somebody signs in is told of people who work elsewhere."""
    other = Company()
    told = set()
    for address in (mail(other.ann), "nobody.at.all@example.com"):
        wanted = {"person": address, "grants": [{"role": "approver"}]}
        with pytest.raises(Refused) as refused:
            ask(company, admins[0], wanted, "membership")
        told.add((refused.value.code, refused.value.happened.replace(address, "")))
    assert len(told) == 1


def test_whoever_answers_for_a_key_does_not_agree_to_it(company: Company, admins: Any) -> None:
    ada, ben, _ = admins
    wanted = {"name": "erp", "owner": mail(ben), "scopes": ["payments:read"], "days": 30}
    request_id = ask(company, ada, wanted, "api_key")
    assert refusal(lambda: agree(company, ben, request_id)) == "stands_in_for_another"


def test_a_new_payee_and_who_may_not_approve_payments_to_it(
    company: Company, clerk: Member
) -> None:
    number = iban(company.seed + 700)
    wanted = {"number": "V77", "name": "Payee V77", "iban": number}
    request_id = ask(company, clerk, wanted, "payee")
    assert agree(company, company.ann, request_id)
    with tenant(company.tenant_id):
        found = parties.current_payee_accounts(["V77"])["V77"]
    assert (found.iban, found.version, found.confirmed) == (number, 1, False)
    assert refusal(lambda: ask(company, clerk, wanted, "payee")) == "payee_number_taken"
    company.payees["V77"] = number
    (order,) = company.ask(company.request("new", payee="V77"))
    if company.states([order]) == [OrderState.HELD]:
        approval.release_hold(company.acting(company.cy), company.cy, order, "rang them")
    seen = company.seen([order])
    told = refusal(
        lambda: approval.approve(company.acting(company.ann), company.ann, [order], seen)
    )
    assert told == "payee_editor_cannot_approve"
    approval.approve(company.acting(company.bob), company.bob, [order], seen)


def test_a_payees_account_is_a_new_version(company: Company, clerk: Member) -> None:
    number = company.payees["V2"]
    wanted = {"number": "V1", "iban": number}
    request_id = ask(company, clerk, wanted, "payee_account")
    assert agree(company, company.bob, request_id)
    (told,) = company.events("payee.account_changed")
    assert told["before"]["iban"] == company.payees["V1"]
    assert told["after"] == {"iban": number, "bic": ""}
    assert told["also_the_account_of"] == "V2"
    with tenant(company.tenant_id):
        found = parties.current_payee_accounts(["V1"])["V1"]
    assert (found.version, found.changed_by) == (2, "Cora Clerk and Bob Approver")
    for code, bad in (
        ("payee_unknown", {"number": "V99", "iban": number}),
        ("nothing_changes", wanted),
        ("invalid_iban", {"number": "V1", "iban": "NL00INGB0001234567"}),
    ):
        assert refusal(partial(ask, company, clerk, bad, "payee_account")) == code


def test_more_people_approve_above_an_amount(company: Company, admins: Any) -> None:
    ada, ben, _ = admins
    wanted = {"needed": 2, "above": [{"amount": "100.00 EUR", "needed": 3}]}
    agree(company, ben, ask(company, ada, wanted, "approval_rules"))
    small, large = company.ask(company.request("s", 100_00), company.request("l", 100_01))
    for member in (company.ann, company.bob):
        seen = company.seen([small, large])
        if company.states([small]) == [OrderState.AWAITING_APPROVAL]:
            approval.approve(company.acting(member), member, [small, large], seen)
    assert company.states([small, large]) == [OrderState.SCHEDULED, OrderState.AWAITING_APPROVAL]
    approval.approve(company.acting(company.cy), company.cy, [large], company.seen([large]))
    assert company.states([large]) == [OrderState.SCHEDULED]
    # Ann, Bob, Cy and Mara can approve: five would lock everybody out.
    five = {"needed": 5}
    assert refusal(lambda: ask(company, ada, five, "approval_rules")) == "too_few_left"
    one = {"needed": 1}
    assert refusal(lambda: ask(company, ada, one, "approval_rules")) == "approvals_out_of_range"


def test_somebody_stands_in_for_a_time(company: Company, admins: Any, clerk: Member) -> None:
    until = company.clock.now() + timedelta(days=5)
    wanted = {"lender": mail(company.ann), "person": mail(clerk), "until": until.isoformat()}
    assert refusal(lambda: ask(company, company.bob, wanted, "delegation")) == "not_yours_to_lend"
    own = {**wanted, "person": mail(company.ann)}
    assert refusal(lambda: ask(company, company.ann, own, "delegation")) == "lent_to_oneself"
    request_id = ask(company, company.ann, wanted, "delegation")
    assert refusal(lambda: agree(company, company.bob, request_id)) == "not_yours_to_decide"
    assert agree(company, admins[0], request_id)
    (order,) = company.ask(company.request("lent"))
    seen = company.seen([order])
    stand_in = now_is(company, clerk)
    assert stand_in.roles == {Role.MAKER, Role.APPROVER}
    approval.approve(company.acting(company.ann), company.ann, [order], seen)
    told = refusal(lambda: approval.approve(company.acting(clerk), stand_in, [order], seen))
    assert told == "stands_in_for_author"
    company.clock.advance(days=5)
    assert now_is(company, clerk).roles == {Role.MAKER}


def test_a_broken_glass_rings_ends_and_marks_everything(company: Company, clerk: Member) -> None:
    """Nobody looks after access here: two approvers open it for one of them."""
    wanted = {"person": mail(company.bob), "role": "administrator", "minutes": 30}
    assert refusal(lambda: ask(company, clerk, wanted, "break_glass")) == "not_yours_to_ask"
    request_id = ask(company, company.ann, wanted, "break_glass")
    assert refusal(lambda: agree(company, company.ann, request_id)) == "own_request"
    assert refusal(lambda: agree(company, company.bob, request_id)) == "about_yourself"
    assert agree(company, company.cy, request_id)
    (case,) = [said for kind, said in company.cases() if kind == CaseKind.ACCESS]
    assert "Bob Approver acts as administrator" in case
    assert "Ann Approver and Cy Treasurer broke the glass" in case
    bob = now_is(company, company.bob)
    assert (bob.roles, bob.break_glass) == (
        frozenset({Role.ADMINISTRATOR, Role.APPROVER}),
        str(request_id),
    )
    acting = company.acting(bob)
    marked = msgspec.structs.replace(acting, break_glass=bob.break_glass)
    change_requests.ask(marked, bob, "membership", _auditor(clerk), "emergency") if (
        _opened_for(company, company.cy)
    ) else None
    assert company.events("change_request.asked")[-1]["break_glass"] == str(request_id)
    assert people.member(company.tenant_id, UUID(bob.id)).roles == {Role.APPROVER}
    company.clock.advance(minutes=30)
    assert now_is(company, bob).roles == {Role.APPROVER}


def _auditor(member: Member) -> dict[str, Any]:
    return {"person": mail(member), "grants": [{"role": "auditor"}]}


def _opened_for(company: Company, member: Member) -> bool:
    """Another one gets it too: then two can decide."""
    wanted = {"person": mail(member), "role": "administrator", "minutes": 30}
    return agree(company, company.bob, ask(company, company.ann, wanted, "break_glass"))


def test_while_people_look_after_access_one_of_them_lets_another_in(
    company: Company, admins: Any
) -> None:
    wanted = {"person": mail(company.bob), "role": "administrator", "minutes": 30}
    request_id = ask(company, company.ann, wanted, "break_glass")
    assert refusal(lambda: agree(company, company.cy, request_id)) == "not_yours_to_decide"
    assert now_is(company, company.bob).roles == {Role.APPROVER}
    assert agree(company, admins[0], request_id)
    assert Role.ADMINISTRATOR in now_is(company, company.bob).roles


def test_a_broken_glass_is_mended_early(company: Company, clerk: Member) -> None:
    assert _opened_for(company, company.cy)
    cy = UUID(company.cy.id)

    def mend(by: Member) -> None:
        break_glass.end(company.acting(by), by, cy, "done")

    assert refusal(lambda: mend(clerk)) == "not_yours_to_end"
    mend(company.ann)
    assert now_is(company, company.cy).roles == {Role.TREASURER}
    assert refusal(lambda: mend(company.ann)) == "glass_whole"
    long = {"person": mail(company.cy), "role": "releaser", "minutes": 241}
    assert refusal(lambda: ask(company, company.ann, long, "break_glass")) == "glass_time_wrong"


def test_a_key_is_agreed_to_drawn_once_and_rotated(company: Company, admins: Any) -> None:
    ada, ben, cleo = admins
    wanted = {"name": "erp", "owner": mail(cleo), "scopes": ["payments:read"], "days": 30,
              "networks": ["203.0.113.0/24"]}  # fmt: skip
    key_id = ask(company, ada, wanted, "api_key")
    agree(company, ben, key_id)

    def acting(by: Member) -> tuple[Acting, Member]:
        return company.acting(by), by

    assert refusal(lambda: key_work.draw(*acting(ada), key_id)) == "not_your_key"
    token = key_work.draw(*acting(cleo), key_id)
    assert refusal(lambda: key_work.draw(*acting(cleo), key_id)) == "key_drawn"
    now = company.clock.now()
    for address in ("", "198.51.100.7", "2001:db8::1", "nonsense"):
        told = refusal(partial(keys.authenticate, token, now, address))
        assert told == "key_address_refused"
    for address in ("203.0.113.9", "::ffff:203.0.113.9"):
        assert keys.authenticate(token, now, address).id == key_id
    new_id, new_token = key_work.rotate(*acting(cleo), key_id, 2)
    assert keys.authenticate(token, now + timedelta(minutes=119), "203.0.113.9").id == key_id
    assert keys.authenticate(new_token, now, "203.0.113.9").id == new_id
    company.clock.advance(hours=2)
    later = company.clock.now()
    assert refusal(lambda: keys.authenticate(token, later, "203.0.113.9")) == "key_expired"
    assert refusal(lambda: key_work.rotate(*acting(cleo), key_id, 2)) == "key_ended"
    with tenant(company.tenant_id):
        found = {row.id: row for row in key_owning.listed()}
    assert found[key_id].replaced_by == new_id
    assert found[new_id].expires_at == now + timedelta(days=30)
    assert refusal(lambda: key_work.revoke(*acting(company.bob), new_id, "old")) == "not_your_key"
    key_work.revoke(*acting(ada), new_id, "left")
    assert refusal(lambda: keys.authenticate(new_token, later, "203.0.113.9")) == "key_revoked"


def test_the_last_use_is_kept_to_the_hour(company: Company, admins: Any) -> None:
    ada, ben, _ = admins
    wanted = {"name": "erp", "owner": mail(ada), "scopes": ["payments:read"]}
    key_id = ask(company, ada, wanted, "api_key")
    agree(company, ben, key_id)
    token, used = key_work.draw(company.acting(ada), ada, key_id), []
    for minutes in (0, 59, 60, 61):
        keys.authenticate(token, company.clock.now() + timedelta(minutes=minutes))
        with tenant(company.tenant_id):
            found = next(row for row in key_owning.listed() if row.id == key_id).last_used_at
        assert found
        used.append((found - company.clock.now()) // timedelta(minutes=1))
    assert used == [0, 0, 60, 60]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"scopes": ["payments:approve"]}, "keys_never_approve"),
        ({"scopes": ["access:ask"]}, "keys_never_approve"),
        ({"scopes": []}, "key_incomplete"),
        ({"days": 367}, "key_incomplete"),
        ({"networks": ["203.0.113.9/24"]}, "network_unreadable"),
        ({"owner": "nobody@example.com"}, "person_unknown"),
    ],
)
def test_keys_that_are_not_made(
    company: Company, admins: Any, changed: dict[str, Any], code: str
) -> None:
    wanted = {"name": "erp", "owner": mail(admins[0]), "scopes": [Scope.PAYMENTS_READ.value]}
    with pytest.raises(NostroError) as told:
        ask(company, admins[0], {**wanted, **changed}, "api_key")
    assert told.value.code == code


def test_a_connection_changes_by_two(company: Company, admins: Any) -> None:
    ada, ben, _ = admins
    wanted = {"name": "Bank", "settings": {"erp": True}}
    request_id = ask(company, ada, wanted, "connection")
    assert agree(company, ben, request_id)
    (told,) = company.events("connection.changed")
    assert (told["before"], told["after"]) == ({"erp": None}, {"erp": True})
    assert told["reason"] == "new work"
    with pytest.raises(Refused):
        ask(company, ada, {"name": "None", "settings": {}}, "connection")


def test_files_are_not_kept_for_less_than_a_year(company: Company, admins: Any) -> None:
    for months in (0, 11):
        wanted = {"months": months}
        assert refusal(partial(ask, company, admins[0], wanted, "retention")) == (
            "retention_months_wrong"
        )
