"""Who gets in, for which customer, and what he sees of others: nothing."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.test import Client, override_settings
from django.urls import path
from django.utils import timezone
from playwright.sync_api import Browser

from nostro.app import world
from nostro.domain.party import Role
from nostro.storage import events, listing, people, sign_ins
from nostro.storage.tenancy import tenant
from nostro.urls import urlpatterns as ours
from tests import seed as other_seed
from tests.console.browser import LOOKS, faults, look_at, picture, sign_in
from tests.console.seed import Vesterholt

PASSWORD = "a rather long sentence"


_COMPUTERS = itertools.count(1)  # Tries are counted by address too: each has its own.


def fresh() -> Client:
    here = f"198.51.100.{next(_COMPUTERS)}"
    return Client(SERVER_NAME="localhost", enforce_csrf_checks=True, REMOTE_ADDR=here)


def signed_in(email: str, password: str) -> Client:
    client = fresh()
    assert client.login(email=email, password=password)
    return client


def post(client: Client, address: str, **told: str) -> Any:
    """A form as a browser sends it: with the token of its own cookie."""
    if settings.CSRF_COOKIE_NAME not in client.cookies:
        client.get("/sign-in/")
        client.get("/password/")
    token = client.cookies[settings.CSRF_COOKIE_NAME].value
    return client.post(address, {"csrfmiddlewaretoken": token, **told})


def new_person(name: str, *tenants: UUID) -> str:
    """Somebody who works for these customers; returns his address."""
    person_id, email = world().ids.new(), f"{name.lower()}@example.com"
    people.create_person(
        person_id, email=email, name=name, password=PASSWORD, now=world().clock.now()
    )
    for tenant_id in tenants:
        with tenant(tenant_id):
            people.grant(world().ids.new(), person_id, [Role.APPROVER])
    return email


@pytest.fixture(scope="module")
def neighbour(seeded: Vesterholt) -> other_seed.Seeded:
    """Another customer on the same installation."""
    return other_seed.customer("NEXT-DOOR")


@pytest.fixture(scope="module")
def works_for_both(seeded: Vesterholt, neighbour: other_seed.Seeded) -> str:
    return new_person("Both", seeded.tenant_id, neighbour.tenant_id)


PAGES = ("/", "/cash/", "/payments/", "/approvals/", "/statements/")


@pytest.mark.parametrize("page", [*PAGES, "/password/", "/customer/"])
def test_nobody_sees_a_page_before_he_signs_in(seeded: Vesterholt, page: str) -> None:
    answer = fresh().get(page)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/sign-in/")


def test_a_part_of_a_page_sends_the_whole_page_to_sign_in(seeded: Vesterholt) -> None:
    answer = fresh().get("/payments/", headers={"HX-Request": "true"})
    assert answer["HX-Redirect"].startswith("/sign-in/?next=")
    assert not answer.content


@pytest.mark.browser
def test_signing_in_leads_to_where_one_wanted_to_go(
    chromium: Browser, address: str, seeded: Vesterholt
) -> None:
    with look_at(chromium, LOOKS[0]) as seen:
        seen.page.goto(f"{address}/cash/")
        seen.page.wait_for_url("**/sign-in/**")
        seen.page.get_by_label("Work email").fill(seeded.email(seeded.second.name))
        seen.page.get_by_label("Password").fill(seeded.password)
        seen.page.get_by_role("button", name="Sign in").click()
        seen.page.wait_for_url(f"{address}/cash/")
        assert seen.page.get_by_role("heading", level=1).inner_text() == "Cash position"


@pytest.mark.browser
@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_a_wrong_password_says_what_happened_and_what_to_do(
    chromium: Browser, address: str, look: Any
) -> None:
    with look_at(chromium, look) as seen:
        sign_in(seen.page, address, f"nobody-{look.name}@vesterholt.example", "not the password")
        alert = seen.page.get_by_role("alert")
        alert.wait_for()
        assert "do not belong together" in alert.inner_text()
        picture(seen.page, f"sign-in-refused-{look.name}")
        assert not faults(seen)


@pytest.mark.browser
def test_signing_out_ends_the_session(chromium: Browser, address: str, seeded: Vesterholt) -> None:
    with look_at(chromium, LOOKS[0]) as seen:
        sign_in(seen.page, address, seeded.email(seeded.maker.name), seeded.password)
        seen.page.wait_for_url(f"{address}/")
        seen.page.get_by_role("button", name="Sign out").click()
        seen.page.wait_for_url("**/sign-in/**")
        seen.page.goto(f"{address}/payments/")
        seen.page.wait_for_url("**/sign-in/**")


def test_nobody_signs_up_by_himself(seeded: Vesterholt) -> None:
    assert fresh().get("/sign-up/").status_code == 404
    assert fresh().get("/accounts/signup/").status_code == 404


def test_a_person_without_a_customer_is_told_so(seeded: Vesterholt) -> None:
    answer = signed_in(new_person("Nowhere"), PASSWORD).get("/")
    assert answer.status_code == 403
    assert "do not work for any customer" in answer.content.decode()


def test_a_person_of_several_customers_chooses_one(
    seeded: Vesterholt, neighbour: other_seed.Seeded, works_for_both: str
) -> None:
    client = signed_in(works_for_both, PASSWORD)
    assert client.get("/payments/")["Location"].startswith("/customer/?next=%2Fpayments%2F")
    assert "Vesterholt" in client.get("/customer/").content.decode()
    chosen = post(client, "/customer/", customer=str(neighbour.tenant_id), next="/payments/")
    assert chosen["Location"] == "/payments/"
    text = client.get("/payments/").content.decode()
    assert "P-NEXT-DOOR" in text
    assert "PAY-000" not in text
    post(client, "/customer/", customer=str(seeded.tenant_id), next="/payments/")
    assert "P-NEXT-DOOR" not in client.get("/payments/").content.decode()


def test_a_customer_that_is_not_ones_own_cannot_be_chosen(
    seeded: Vesterholt, neighbour: other_seed.Seeded
) -> None:
    client = signed_in(seeded.email(seeded.first.name), seeded.password)
    assert post(client, "/customer/", customer=str(neighbour.tenant_id)).status_code == 404
    assert "NEXT-DOOR" not in client.get("/payments/").content.decode()


@pytest.mark.parametrize("next_page", ["https://elsewhere.example/", "//elsewhere.example/"])
def test_choosing_never_leads_to_another_site(
    seeded: Vesterholt, works_for_both: str, next_page: str
) -> None:
    client = signed_in(works_for_both, PASSWORD)
    chosen = post(client, "/customer/", customer=str(seeded.tenant_id), next=next_page)
    assert chosen["Location"] == "/"
    liked = post(client, "/preferences/", theme="dark", next=next_page)
    assert liked["Location"] == "/"


def test_an_ended_membership_ends_the_session_at_once(seeded: Vesterholt) -> None:
    email = new_person("Leaving", seeded.tenant_id)
    client = signed_in(email, PASSWORD)
    assert client.get("/cash/").status_code == 200
    person_id = people.person_of_email(email)
    assert person_id
    with tenant(seeded.tenant_id):
        people.withdraw(person_id)
    assert client.get("/cash/").status_code == 403


def test_rows_of_another_customer_do_not_exist(
    seeded: Vesterholt, neighbour: other_seed.Seeded
) -> None:
    client = signed_in(seeded.email(seeded.first.name), seeded.password)
    with tenant(neighbour.tenant_id):
        (line, *_) = listing.transactions(neighbour.statement_id).rows
    for address in (
        f"/payments/{neighbour.order_ids[0]}/",
        f"/statements/{neighbour.statement_id}/",
        f"/evidence/{line.statement_id}/",
    ):
        answer = client.get(address)
        assert answer.status_code == 404
        assert "belongs to another customer" in answer.content.decode()


def test_a_form_without_its_token_is_refused_in_words(seeded: Vesterholt) -> None:
    client = signed_in(seeded.email(seeded.first.name), seeded.password)
    answer = client.post("/preferences/", {"theme": "dark"})
    assert answer.status_code == 403
    assert "What you can do" in answer.content.decode()


@pytest.mark.browser
def test_the_theme_is_remembered(chromium: Browser, address: str, seeded: Vesterholt) -> None:
    with look_at(chromium, LOOKS[0]) as seen:
        sign_in(seen.page, address, seeded.email(seeded.first.name), seeded.password)
        seen.page.wait_for_url(f"{address}/")
        seen.page.get_by_role("button", name="Switch light or dark").click()
        seen.page.reload()
        assert seen.page.evaluate("document.documentElement.dataset.theme") == "dark"
        assert not seen.complaints


@pytest.mark.parametrize("page", PAGES)
def test_every_answer_carries_the_policy_and_is_not_kept(seeded: Vesterholt, page: str) -> None:
    client = signed_in(seeded.email(seeded.first.name), seeded.password)
    answer = client.get(page)
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert "no-store" in answer["Cache-Control"]
    assert answer["X-Frame-Options"] == "DENY"


# An address that fails, for the page that says so.
def _fails(_: Any) -> Any:
    raise RuntimeError("an error that nobody foresaw")


urlpatterns = [*ours, path("fails/", _fails)]


@pytest.fixture
def breaking() -> Iterator[Client]:
    with override_settings(ROOT_URLCONF=__name__):
        yield Client(SERVER_NAME="localhost", raise_request_exception=False)


def test_an_unforeseen_error_shows_a_finished_page(seeded: Vesterholt, breaking: Client) -> None:
    answer = breaking.get("/fails/")
    assert answer.status_code == 500
    text = answer.content.decode()
    assert "What we did" in text
    assert "nobody foresaw" not in text


@pytest.mark.browser
@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_somebody_joins_by_a_link_that_counts_once(
    chromium: Browser, address: str, seeded: Vesterholt, look: Any
) -> None:
    inviter = new_person(f"Inviter{look.name}")
    person_id = people.person_of_email(inviter)
    assert person_id
    with tenant(seeded.tenant_id):
        people.grant(world().ids.new(), person_id, [Role.ADMINISTRATOR])
    with look_at(chromium, look) as seen:
        sign_in(seen.page, address, inviter, PASSWORD)
        seen.page.wait_for_url(f"{address}/")
        seen.page.goto(f"{address}/invitations/")
        seen.page.get_by_label("Work email").fill(f"joins-{look.name}@example.com")
        seen.page.get_by_label("Name", exact=True).fill("Jo Joins")
        seen.page.get_by_label("Approver", exact=True).check()
        seen.page.get_by_role("button", name="Make the link").click()
        link = seen.page.get_by_label("Link", exact=True).input_value()
        seen.page.evaluate("document.fonts.ready")
        picture(seen.page, f"invitations-{look.name}")
        assert not faults(seen)
    with look_at(chromium, look) as seen:
        seen.page.goto(link)
        picture(seen.page, f"join-{look.name}")
        assert not faults(seen)
        seen.page.get_by_label("Your new password").fill("password1234")
        seen.page.get_by_role("button", name="Join").click()
        seen.page.get_by_role("alert").wait_for()
        seen.page.get_by_label("Your new password").fill(PASSWORD)
        seen.page.get_by_role("button", name="Join").click()
        seen.page.wait_for_url("**/sign-in/")
        assert "You have joined" in seen.page.get_by_role("status").inner_text()
        again = seen.page.goto(link)
        assert again
        assert again.status == 409
        assert fresh().login(email=f"joins-{look.name}@example.com", password=PASSWORD)


def test_who_may_not_invite_is_told_so(seeded: Vesterholt) -> None:
    client = signed_in(seeded.email(seeded.first.name), seeded.password)
    assert "An administrator invites" in client.get("/invitations/").content.decode()
    told = post(client, "/invitations/", email="x@example.com", name="X")
    assert told.status_code == 409


def test_an_old_sign_in_ends_and_a_stranger_cannot_end_mine(seeded: Vesterholt) -> None:
    client = signed_in(new_person("Old", seeded.tenant_id), PASSWORD)
    assert client.get("/profile/").status_code == 200
    session = client.session
    session["signed_in_at"] = "2026-01-01T00:00:00+00:00"
    session.save()
    assert client.get("/profile/").status_code == 302
    other = signed_in(new_person("Else", seeded.tenant_id), PASSWORD)
    other.get("/profile/")
    assert post(other, "/profile/sign-ins/1/end/").status_code == 302


def test_signing_out_elsewhere_ends_those_sessions_at_once(seeded: Vesterholt) -> None:
    email = new_person("Twice", seeded.tenant_id)
    here, there, third = fresh(), fresh(), fresh()
    for client in (here, there, third):
        assert post(client, "/sign-in/", login=email, password=PASSWORD).status_code == 302
    person_id = people.person_of_email(email)
    assert person_id
    found = sign_ins.sign_ins(person_id, here.session.session_key or "", timezone.now())
    assert [one.current for one in found] == [True, False, False]
    stranger = signed_in(new_person("Stranger", seeded.tenant_id), PASSWORD)
    post(stranger, f"/profile/sign-ins/{found[1].id}/end/")
    assert [client.get("/cash/").status_code for client in (here, there, third)] == [200] * 3
    post(here, f"/profile/sign-ins/{found[1].id}/end/")
    codes = [client.get("/cash/").status_code for client in (here, there, third)]
    assert sorted(codes) == [200, 200, 302]
    assert post(here, "/profile/sign-ins/end/")["Location"] == "/profile/"
    codes = [client.get("/cash/").status_code for client in (here, there, third)]
    assert codes == [200, 302, 302]
    with tenant(seeded.tenant_id):
        kinds = [event.type for event in events.about([person_id])]
    assert kinds.count("person.signed_in") == 3
    assert kinds.count("person.signed_out_elsewhere") == 2


def test_guessing_is_slowed_down_for_all_processes_and_is_on_record(seeded: Vesterholt) -> None:
    email = new_person("Guessed", seeded.tenant_id)
    for _ in range(5):
        assert post(fresh(), "/sign-in/", login=email, password="a wrong one").status_code == 200
    told = post(fresh(), "/sign-in/", login=email, password=PASSWORD)
    assert "too many failed attempts" in told.content.decode()
    person_id = people.person_of_email(email)
    assert person_id
    with tenant(seeded.tenant_id):
        kinds = [event.type for event in events.about([person_id])]
    assert kinds.count("person.sign_in_failed") == 5


def test_a_session_gets_another_key_when_somebody_signs_in(seeded: Vesterholt) -> None:
    client = fresh()
    post(client, "/sign-in/", login="nobody@example.com", password="x")
    session = client.session
    session["planted"] = "by somebody else"
    session.save()
    before = session.session_key
    email = new_person("Fixed", seeded.tenant_id)
    post(client, "/sign-in/", login=email, password=PASSWORD)
    assert client.session.session_key != before
    assert client.get("/cash/").status_code == 200
