"""Who has no say in a payment, by whatever way he had a hand in it."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import UUID

import pytest

from nostro.domain.errors import NostroError
from nostro.domain.event import Actor
from nostro.domain.party import Grant, Member, Role
from nostro.storage import authorship, key_owning, people, queries
from nostro.storage.keys import Scope
from nostro.storage.pages.waiting import Reader, WaitingFilter, waiting_payments
from nostro.storage.tenancy import tenant
from nostro.workflows import approval, change_requests, payment_intake
from nostro.workflows.context import Acting
from tests.workflows.company import Company, iban


def without_a_say(company: Company, order_id: UUID) -> set[str]:
    with tenant(company.tenant_id):
        found = authorship.authors([order_id], company.clock.now())[order_id]
    return set(found.people)


def offered(company: Company, member: Member) -> int:
    """How many payments the inbox calls this person's to approve."""
    with tenant(company.tenant_id):
        reader = Reader(member=member, now=company.clock.now())
        found = waiting_payments(reader, WaitingFilter(), limit=50)
    return sum(one.count for one in found.groups if one.mine)


def refused(company: Company, member: Member, order_id: UUID) -> str:
    with pytest.raises(NostroError) as caught:
        approval.approve(company.acting(member), member, [order_id], company.seen([order_id]))
    return caught.value.code


def test_who_answers_for_a_key_made_what_the_key_made(company: Company) -> None:
    key_id, now = company.world.ids.new(), company.clock.now()
    with tenant(company.tenant_id):
        key_owning.prepare(
            key_id, name="erp", scopes=[Scope.PAYMENTS_WRITE], networks=(),
            owner_id=UUID(company.ann.id), now=now, expires_at=now + timedelta(days=9),
        )  # fmt: skip
    program = Actor(kind="api_key", id=str(key_id), name="erp")
    acting = Acting(tenant_id=company.tenant_id, actor=program, world=company.world)
    (order_id,) = payment_intake.create_payments(acting, "api", [company.request("P1")])
    assert without_a_say(company, order_id) == {str(key_id), company.ann.id}
    assert refused(company, company.ann, order_id) == "maker_cannot_approve"
    assert (offered(company, company.ann), offered(company, company.bob)) == (0, 1)


def test_who_changed_an_account_before_a_later_version_kept_it(company: Company) -> None:
    new = iban(company.seed + 10)
    with tenant(company.tenant_id):
        payee = company.add_payee("V9", iban(company.seed + 9))
        company.add_payee_account(payee, "V9", new, 2, UUID(company.ann.id))
        company.add_payee_account(payee, "V9", new, 3, UUID(company.cy.id))
    asked = company.request("P1", payee_number="V9", creditor_iban=new)
    (order_id,) = company.ask(asked)
    approval.release_hold(company.acting(company.bob), company.bob, order_id, "called them")
    assert {company.ann.id, company.cy.id} < without_a_say(company, order_id)
    assert refused(company, company.ann, order_id) == "payee_editor_cannot_approve"
    assert (offered(company, company.ann), offered(company, company.bob)) == (0, 1)


def test_who_gave_another_payee_the_same_account(company: Company) -> None:
    with tenant(company.tenant_id):
        other = company.add_payee("V8", iban(company.seed + 8))
        company.add_payee_account(other, "V8", company.payees["V1"], 2, UUID(company.ann.id))
    (order_id,) = company.ask(company.request("P1"))
    assert company.ann.id in without_a_say(company, order_id)
    assert offered(company, company.ann) == 0


def test_who_changed_another_account_has_his_say(company: Company) -> None:
    with tenant(company.tenant_id):
        payee = company.payee_ids["V2"]
        company.add_payee_account(payee, "V2", iban(company.seed + 8), 2, UUID(company.ann.id))
    (order_id,) = company.ask(company.request("P1"))
    assert without_a_say(company, order_id) == {company.maker.id}
    assert offered(company, company.ann) == 1


def lawmakers_of(company: Company, kind: str, wanted: object, asks: Member, agrees: Member) -> None:
    """They change a policy, as administrators who approve payments besides."""
    with tenant(company.tenant_id):
        for one in (asks, agrees):
            both = [Grant(role=Role.ADMINISTRATOR), *one.held]
            people.grant_reaching(company.world.ids.new(), UUID(one.id), both)
    asker, agreer = (
        people.member(company.tenant_id, UUID(one.id), company.clock.now())
        for one in (asks, agrees)
    )
    request_id = change_requests.ask(company.acting(asker), asker, kind, wanted, "new year")
    change_requests.agree(company.acting(agreer), agreer, request_id, "yes")


def approver(company: Company, name: str) -> Member:
    member = company._member(name, frozenset({Role.APPROVER}))
    with tenant(company.tenant_id):
        company.employ(member)
    return member


LIMITS = {"limits": [{"name": "Day", "limit": "9000.00 EUR a day", "when": "", "effect": "hold"}]}
OTHERS = {"limits": [{"name": "Day", "limit": "8000.00 EUR a day", "when": "", "effect": "hold"}]}


def test_who_changed_the_limits_until_others_are_in_force(company: Company) -> None:
    dee, eve = approver(company, "Dee"), approver(company, "Eve")
    (order_id,) = company.ask(company.request("P1"))
    lawmakers_of(company, "payment_limits", LIMITS, company.ann, dee)
    assert {company.ann.id, dee.id} < without_a_say(company, order_id)
    assert refused(company, company.ann, order_id) == "lawmaker_cannot_approve"
    assert (offered(company, company.ann), offered(company, company.bob)) == (0, 1)
    lawmakers_of(company, "payment_limits", OTHERS, eve, company.bob)
    assert without_a_say(company, order_id) == {company.maker.id, eve.id, company.bob.id}
    assert (offered(company, company.ann), offered(company, company.bob)) == (1, 0)


DECIDING_CHANGES: dict[str, object] = {
    "duplicates": {"window_days": 200},
    "payee_checks": {"changed_days": 31},
    "screening": {"list_days_max": 20},
}


@pytest.mark.parametrize("kind", sorted(DECIDING_CHANGES))
def test_who_changed_a_check_has_no_say_while_it_is_in_force(company: Company, kind: str) -> None:
    dee = approver(company, "Dee")
    (order_id,) = company.ask(company.request("P1"))
    lawmakers_of(company, kind, DECIDING_CHANGES[kind], company.ann, dee)
    assert {company.ann.id, dee.id} < without_a_say(company, order_id)
    assert refused(company, company.ann, order_id) == "lawmaker_cannot_approve"
    assert (offered(company, company.ann), offered(company, company.bob)) == (0, 1)


def test_the_query_and_the_rules_of_who_is_left_know_the_same_policies() -> None:
    told = queries.text("without_a_say.part").partition("kind = ANY (ARRAY[")[2].partition("]")[0]
    kinds = re.findall(r"'([a-z_]+)'", told)
    assert kinds == sorted(policy.KIND for policy in authorship.DECIDING)


def test_who_changed_the_limits_lets_nothing_go_that_they_hold(company: Company) -> None:
    dee = approver(company, "Dee")
    low = {"limits": [{"name": "Low", "limit": "1.00 EUR a payment", "when": "", "effect": "hold"}]}
    lawmakers_of(company, "payment_limits", low, company.ann, dee)
    (order_id,) = company.ask(company.request("P1"))
    with pytest.raises(NostroError) as told:
        approval.release_hold(company.acting(company.ann), company.ann, order_id, "mine")
    assert told.value.code == "lawmaker_cannot_release"
    approval.release_hold(company.acting(company.bob), company.bob, order_id, "looked at it")


def test_rules_that_leave_too_few_who_may_approve_are_not_made(company: Company) -> None:
    """Of three who approve two change the rules: one is left, and it takes two."""
    with pytest.raises(NostroError) as told:
        lawmakers_of(company, "approval_rules", {"needed": 3}, company.ann, company.bob)
    assert told.value.code == "too_few_left"
