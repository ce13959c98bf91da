"""Approving thousands: pages, groups, what is unusual first, and one digest over all that match."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from django.test import Client

from nostro.domain.money import Money
from nostro.domain.order import OrderState
from nostro.domain.party import Grant, Role
from nostro.storage import approvals, models, people
from nostro.storage.tenancy import tenant
from tests.api import door
from tests.workflows.company import Company, scripted_connector

WAITING = 60  # More than a page of 50 shows.


@pytest.fixture
def company(database: str) -> Iterator[Company]:
    with scripted_connector():
        yield Company()


def approver(company: Company, *grants: Grant) -> Client:
    """A signed-in browser of somebody who neither made nor approved anything."""
    person_id = door.person([], [])
    with tenant(company.tenant_id):
        people.grant_reaching(door.new(), person_id, grants or [Grant(role=Role.APPROVER)])
    client = door.browser()
    assert client.login(email=f"{person_id}@example.com", password=door.PASSWORD)
    return client


def ask(company: Company, count: int, prefix: str, **more: object) -> list[UUID]:
    """Payments of one amount, whose invoices are nowhere one slip of the pen apart."""
    requests = [
        company.request(f"{prefix}{n}", 100_00, invoices=(f"I{prefix}{n:03}{n:03}",), **more)
        for n in range(count)
    ]
    return company.ask(*requests)


def shown(html: str) -> list[str]:
    return re.findall(r'name="chosen" value="([0-9a-f-]{36}):', html)


def selected(client: Client, **sent: str) -> tuple[str, str]:
    """The answer to a selection, and the digest that an approval of it would carry."""
    answer = client.post("/approvals/selection/", sent, headers={"HX-Request": "true"})
    html = answer.content.decode()
    (digest,) = re.findall(r'name="seen_digest" value="([0-9a-f]*)"', html)
    return html, digest


def test_a_page_leads_to_the_next_and_each_payment_is_shown_once(company: Company) -> None:
    ids = ask(company, WAITING, "A")
    client = approver(company)
    first = client.get("/approvals/").content.decode()
    assert "60 payments wait for you: 6,000.00\xa0EUR." in first
    assert "50 of 60\xa0payments shown" in first
    (cursor,) = set(re.findall(r'href="/approvals/\?cursor=([^"&]+)"', first))
    rest = client.get("/approvals/", {"cursor": cursor}).content.decode()
    assert sorted(shown(first) + shown(rest)) == sorted(map(str, ids))


def test_all_that_wait_are_approved_under_one_digest(company: Company) -> None:
    ids = ask(company, WAITING, "A")
    client = approver(company)
    html, digest = selected(client, every="1")
    assert digest == company.seen(ids)
    assert "6,000.00" in html
    assert "Approve 60\xa0payments" in html
    done = client.post("/approvals/approve/", {"every": "1", "seen_digest": digest}, follow=True)
    assert "60 payments wait for a second person" in done.content.decode()
    second = approver(company)
    _, digest = selected(second, every="1")
    second.post("/approvals/approve/", {"every": "1", "seen_digest": digest})
    assert set(company.states(ids)) == {OrderState.SCHEDULED}


def test_what_came_after_it_was_shown_is_not_approved_with_the_rest(company: Company) -> None:
    ids = ask(company, WAITING, "A")
    client = approver(company)
    _, digest = selected(client, every="1")
    late = ask(company, 1, "LATE")
    refused = client.post("/approvals/approve/", {"every": "1", "seen_digest": digest})
    told = refused.content.decode()
    assert refused.status_code == 409
    assert "The payments changed after they were shown to you." in told
    assert "Nothing was approved." in told
    with tenant(company.tenant_id):
        given = approvals.given([*ids, *late])
    assert not any(given.values())


def test_all_that_a_narrowed_approver_may_are_approved_and_the_others_stay(
    company: Company,
) -> None:
    """By entity, by amount in its own currency, and in somebody's place; to the cent."""
    german, dutch = ask(company, WAITING, "A"), ask(company, 7, "B", entity_code="NL")
    large = company.ask(company.request("LARGE", 100_01), company.request("USD", 1, currency="USD"))
    with tenant(company.tenant_id):
        entity = models.LegalEntity.objects.get(code="DE").id
    grant = Grant(role=Role.APPROVER, entity_id=str(entity), up_to=Money(100_00, "EUR"))
    client = approver(company, grant)
    html, digest = selected(client, every="1")
    assert digest == company.seen(german)
    assert "6,000.00" in html
    assert "9\xa0payments besides stay for somebody else." in html
    page = client.get("/approvals/").content.decode()
    assert "All <b>60\xa0payments</b>" in page
    assert "9\xa0payments besides are for somebody else" in page
    sent = {"every": "1", "seen_digest": digest}
    assert client.post("/approvals/approve/", sent).status_code == 302
    with tenant(company.tenant_id):
        given = approvals.given([*german, *dutch, *large])
    assert {order_id for order_id, by in given.items() if by} == set(german)


def test_in_the_place_of_the_maker_nothing_is_approved_at_once(company: Company) -> None:
    ask(company, WAITING, "A")
    lent = Grant(
        role=Role.APPROVER,
        on_behalf_of=company.maker.id,
        until=company.world.clock.now() + timedelta(days=9999),
    )
    html, digest = selected(approver(company, lent), every="1")
    assert digest == ""
    assert "Nothing here is yours to approve" in html


def test_a_group_is_approved_without_the_others(company: Company) -> None:
    german, dutch = ask(company, WAITING, "A"), ask(company, 3, "B", entity_code="NL")
    client = approver(company)
    page = client.get("/approvals/").content.decode()
    groups = set(re.findall(r'href="/approvals/\?group=([^"&]+)"', page))
    assert len(groups) == 2
    few = next(g for g in groups if "3 of 3" in _group_row(page, g))
    _, digest = selected(client, every="1", group=few)
    assert digest == company.seen(dutch)
    client.post("/approvals/approve/", {"every": "1", "group": few, "seen_digest": digest})
    with tenant(company.tenant_id):
        given = approvals.given([*german, *dutch])
    assert {order_id for order_id, by in given.items() if by} == set(dutch)


def test_what_is_unusual_stands_first_and_can_be_left_out(company: Company) -> None:
    ids = ask(company, 3, "A")
    company.approve(ids[:1])
    with tenant(company.tenant_id):
        models.Order.objects.filter(id=ids[0]).update(state="settled")
    large = company.ask(company.request("LARGE", 200_01))
    client = approver(company)
    told = client.get("/approvals/").content.decode()
    assert shown(told)[0] == str(large[0])
    assert "Amount 2.0 × usual" in told
    usual = client.get("/approvals/", {"look": "usual"}).content.decode()
    assert sorted(shown(usual)) == sorted(map(str, ids[1:]))
    _, digest = selected(client, every="1", look="usual")
    assert digest == company.seen(ids[1:])


def test_one_person_never_approves_all_twice_nor_what_he_made(company: Company) -> None:
    ask(company, WAITING, "A")
    client = approver(company)
    _, digest = selected(client, every="1")
    client.post("/approvals/approve/", {"every": "1", "seen_digest": digest})
    again = client.post("/approvals/approve/", {"every": "1", "seen_digest": digest})
    assert again.status_code == 409
    assert "None of the payments shown to you waits" in again.content.decode()


def test_all_that_match_are_never_denied_at_once(company: Company) -> None:
    ids = ask(company, WAITING, "A")
    sent = {"every": "1", "reason": "no"}
    answer = approver(company).post("/approvals/deny/", sent)
    assert "only those that were ticked one by one" in answer.content.decode()
    assert set(company.states(ids)) == {OrderState.AWAITING_APPROVAL}


@pytest.mark.parametrize("asked", ["look=odd", "group=x", "group=a_b_c_d", "cursor=zz"])
def test_an_address_that_is_none_is_refused_in_words(company: Company, asked: str) -> None:
    assert approver(company).get(f"/approvals/?{asked}").status_code == 400


def _group_row(page: str, group: str) -> str:
    return page[page.index(f"?group={group}") :].partition("</tr>")[0]
