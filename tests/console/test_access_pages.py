"""People, roles, changes that two people make and keys, in a browser and as a browser asks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from nostro.app import world
from nostro.domain.party import Role
from nostro.storage import change_requests as stored
from nostro.storage import keys, people, sign_on
from nostro.storage.tenancy import tenant
from nostro.workflows import changes
from tests import secret_canaries
from tests.api import door
from tests.console.browser import LOOKS, Look, faults, look_at, picture, session
from tests.console.seed import Vesterholt
from tests.console.test_actions import colleague, entered, text_of
from tests.workflows.sign_in_service import Service, sign_in_service

pytestmark = [pytest.mark.browser]
ADMINS = {"Ada Admin": "ada@vesterholt.example", "Ben Admin": "ben@vesterholt.example"}
MEMBERSHIP = "/changes/ask/membership/"


@pytest.fixture(scope="module")
def admins(seeded: Vesterholt) -> dict[str, Client]:
    """Two people who look after access, signed in."""
    found = {}
    for name, email in ADMINS.items():
        person_id = world().ids.new()
        now = world().clock.now()
        people.create_person(person_id, email=email, name=name, password=door.PASSWORD, now=now)
        with tenant(seeded.tenant_id):
            people.grant(world().ids.new(), person_id, [Role.ADMINISTRATOR])
        found[name] = entered(email, door.PASSWORD)
    return found


@pytest.fixture(scope="module")
def ada(chromium: Browser, address: str, admins: dict[str, Client]) -> Any:
    return session(chromium, address, ADMINS["Ada Admin"], door.PASSWORD)


@pytest.fixture(params=LOOKS, ids=lambda look: look.name)
def seen(request: Any, chromium: Browser, ada: Any) -> Iterator[tuple[Page, Look]]:
    with look_at(chromium, request.param, ada) as watched:
        yield watched.page, request.param
        assert not faults(watched)


def newest(seeded: Vesterholt) -> stored.RequestRow:
    with tenant(seeded.tenant_id):
        return stored.listed(limit=1).rows[0]


def roles_of(seeded: Vesterholt, email: str) -> frozenset[Role]:
    person_id = people.person_of_email(email)
    assert person_id
    return people.member(seeded.tenant_id, person_id, world().clock.now()).roles


def shown(page: Page, look: Look, name: str) -> None:
    page.evaluate("document.fonts.ready")
    picture(page, f"{name}-{look.name}")
    assert page.locator("h1").count() == 1


def test_people_and_what_each_role_may_do(
    seen: tuple[Page, Look], address: str, seeded: Vesterholt
) -> None:
    page, look = seen
    page.goto(f"{address}/people/")
    expect(page.locator("h1")).to_have_text("People and roles")
    expect(page.locator("table.duties tbody tr")).to_have_count(19)
    expect(page.get_by_text(ADMINS["Ada Admin"])).to_be_visible()
    shown(page, look, "people")


def test_a_change_is_asked_for_and_looked_at(
    seen: tuple[Page, Look], address: str, seeded: Vesterholt, admins: dict[str, Client]
) -> None:
    page, look = seen
    page.goto(f"{address}/people/")
    email = seeded.email(seeded.second.name)
    row = page.locator("tr", has_text=email)
    row.get_by_role("link", name="Change").click()
    expect(page.locator("select[name=person]")).to_have_value(email)
    page.get_by_label("Reconciler", exact=True).check()
    page.get_by_label("Approver up to, as 5000.00 EUR").fill("2500.00 EUR")
    page.get_by_label("Why").fill("Looks after the bank lines from December on")
    shown(page, look, "change-ask")
    page.get_by_role("button", name="Ask for it").click()
    expect(page.get_by_text("Nothing has changed yet")).to_be_visible()
    expect(page.get_by_text("up to 2,500.00 EUR", exact=False).first).to_be_visible()
    expect(page.get_by_text("Could agree: Ben Admin.")).to_be_visible()
    shown(page, look, "change")
    page.goto(f"{address}/changes/")
    expect(page.get_by_text("1 change waits for agreement")).to_be_visible()
    shown(page, look, "changes")
    page.goto(f"{address}/changes/{newest(seeded).id}/")
    page.get_by_label("Why you take it back").fill("The next look asks again")
    page.get_by_role("button", name="Take it back").click()
    expect(page.get_by_text("Taken back. Nothing was changed.")).to_be_visible()


def test_rules_are_tried_on_past_payments_before_they_are_asked_for(
    seen: tuple[Page, Look], address: str
) -> None:
    page, look = seen
    page.goto(f"{address}/changes/ask/approval_rules/")
    page.get_by_label("Rules").fill("Large | above 9000.00 EUR | 1 approver then 1 treasurer")
    page.get_by_role("button", name="Try on past payments").click()
    expect(page.locator("#tried")).to_contain_text("would have gone another way.")
    expect(page.locator("#tried tbody tr").first).to_contain_text("Large: 1 approver then")
    shown(page, look, "change-tried")


def test_a_form_is_tried_without_scripts_too(admins: dict[str, Client]) -> None:
    client = admins["Ada Admin"]
    client.get("/changes/ask/approval_rules/")
    sent = {"needed": "3", "csrfmiddlewaretoken": client.cookies["csrftoken"].value}
    told = client.post("/changes/try/approval_rules/", sent)
    page = told.content.decode()
    assert told.status_code == 200
    assert "would have gone another way." in page
    assert 'value="3"' in page, "what was filled in stays"
    for more, words in (
        ({"try_since": "yesterday"}, "is not a day"),
        ({"rules": "Large | above nothing | 2 approver"}, "has no amount and currency"),
    ):
        for headers in ({}, {"HX-Request": "true"}):
            wrong = client.post("/changes/try/approval_rules/", {**sent, **more}, headers=headers)
            assert wrong.status_code == 400
            assert wrong.content.decode().count(words) == 1
    assert client.post("/changes/try/nonsense/", sent).status_code == 404


def test_every_kind_has_its_form(seen: tuple[Page, Look], address: str) -> None:
    page, look = seen
    for name in sorted(changes.find()):
        page.goto(f"{address}/changes/ask/{name}/")
        expect(page.locator("h1")).to_have_text(changes.named(name).title)
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert page.evaluate(wide) <= 0
    page.goto(f"{address}/changes/ask/api_key/")
    shown(page, look, "key-ask")


def test_a_key_is_drawn_once(
    seen: tuple[Page, Look], address: str, seeded: Vesterholt, admins: dict[str, Client]
) -> None:
    page, look = seen
    sent = {"name": f"erp {look.name}", "owner": ADMINS["Ada Admin"], "scopes": "payments:read",
            "networks": "203.0.113.0/24", "days": "90", "reason": "the ERP reads"}  # fmt: skip
    assert admins["Ada Admin"].post("/changes/ask/api_key/", sent).status_code == 302
    agreed = admins["Ben Admin"].post(f"/changes/{newest(seeded).id}/agree/", {"reason": "ok"})
    assert agreed.status_code == 302
    page.goto(f"{address}/keys/")
    page.get_by_role("button", name=f"Show the token of erp {look.name}").click()
    token = page.locator("output").inner_text()
    shown(page, look, "key-token")
    assert keys.authenticate(token, world().clock.now(), "203.0.113.4").name == f"erp {look.name}"
    page.goto(f"{address}/keys/")
    assert token not in page.content()
    shown(page, look, "keys")


def test_one_asks_another_agrees(seeded: Vesterholt, admins: dict[str, Client]) -> None:
    email = seeded.email(seeded.second.name)
    before = roles_of(seeded, email)
    sent = {"person": email, "grants": ["approver", "reconciler"], "reason": "new work"}
    assert admins["Ada Admin"].post(MEMBERSHIP, sent).status_code == 302
    made = newest(seeded)
    address = f"/changes/{made.id}/"
    assert "You asked for it" in text_of(admins["Ada Admin"].get(address))
    own = admins["Ada Admin"].post(f"{address}agree/", {"reason": "mine"})
    assert own.status_code == 409
    assert "somebody else decides" in text_of(own)
    assert roles_of(seeded, email) == before
    told = text_of(admins["Ben Admin"].get("/changes/"))
    assert "1 of them also for yours" in told
    assert admins["Ben Admin"].post(f"{address}agree/", {"reason": ""}).status_code == 400
    assert admins["Ben Admin"].post(f"{address}agree/", {"reason": "seen"}).status_code == 302
    assert roles_of(seeded, email) == {Role.APPROVER, Role.RECONCILER}
    assert "Made" in text_of(admins["Ben Admin"].get(address))
    assert admins["Ben Admin"].post(f"{address}nonsense/", {"reason": "x"}).status_code == 404


def test_a_lock_out_is_refused_with_what_to_do(
    seeded: Vesterholt, admins: dict[str, Client]
) -> None:
    sent = {"person": ADMINS["Ada Admin"], "grants": ["auditor"], "reason": "leaves"}
    answer = admins["Ada Admin"].post(MEMBERSHIP, sent)
    assert answer.status_code == 409
    told = text_of(answer)
    assert "Only one person could decide on people, roles, keys and rules" in told
    assert "First let another person be an administrator for good." in told
    assert "leaves" in told


def test_who_may_not_sees_why(seeded: Vesterholt, admins: dict[str, Client]) -> None:
    auditor = colleague(seeded, [Role.AUDITOR], "Aud Access")
    assert "Your roles do not ask for this change" in text_of(auditor.get(MEMBERSHIP))
    assert "Ask for a change" not in text_of(auditor.get("/people/"))
    assert "may not ask" in text_of(auditor.post(MEMBERSHIP, {"person": "x", "reason": "y"}))
    assert auditor.get("/changes/ask/nonsense/").status_code == 404
    assert auditor.get(f"/changes/{world().ids.new()}/").status_code == 404
    assert auditor.post(f"/people/{world().ids.new()}/mend/", {"reason": "x"}).status_code == 409
    assert auditor.post(f"/keys/{world().ids.new()}/draw/").status_code == 409


def test_a_broken_glass_stands_on_the_page_until_it_ends(
    seeded: Vesterholt, admins: dict[str, Client]
) -> None:
    first = entered(seeded.email(seeded.first.name), seeded.password)
    sent = {"person": seeded.email(seeded.first.name), "role": "administrator", "minutes": "30",
            "reason": "both administrators are ill"}  # fmt: skip
    assert first.post("/changes/ask/break_glass/", sent).status_code == 302
    request_id = newest(seeded).id
    agreed = admins["Ada Admin"].post(f"/changes/{request_id}/agree/", {"reason": "rang"})
    assert agreed.status_code == 302
    told = text_of(first.get("/people/"))
    assert f"{seeded.first.name} acts under a broken glass" in told
    mended = first.post(f"/people/{UUID(seeded.first.id)}/mend/", {"reason": "back again"})
    assert mended.status_code == 302
    assert "under a broken glass" not in text_of(first.get("/people/"))


SIGN_ON = "/people/sign-on/"
CLIENT = secret_canaries.register("client secret", "client secret of the pages")


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with sign_in_service() as made:
        made.clients["nostro-vesterholt"] = CLIENT
        yield made


def test_single_sign_on_before_there_is_any(seen: tuple[Page, Look], address: str) -> None:
    page, look = seen
    page.goto(f"{address}/people/")
    page.get_by_role("link", name="Single sign-on").click()
    expect(page.get_by_role("heading", name="No service is connected")).to_be_visible()
    expect(page.get_by_text(f"{address}/sign-in/company/back/")).to_be_visible()
    shown(page, look, "sign-on-none")
    page.get_by_role("link", name="Ask to connect one").click()
    expect(page.get_by_label("Client secret")).to_have_attribute("type", "password")
    shown(page, look, "sign-on-ask")


@pytest.fixture(scope="module")
def connected(seeded: Vesterholt, admins: dict[str, Client], service: Service) -> Service:
    """Asked for by Ada, with its secret, and agreed to by Ben."""
    sent = {"issuer": service.issuer, "client_id": "nostro-vesterholt", "newcomers": "true",
            "client_secret": CLIENT, "reason": "our people have one sign-in",
            "groups_claim": "groups",
            "groups": "treasury | approver\nbooks | reconciler"}  # fmt: skip
    ask = "/changes/ask/sign_on/"
    wrong = admins["Ada Admin"].post(ask, {**sent, "client_secret": f"not the {CLIENT}"})
    assert wrong.status_code == 400
    told = text_of(wrong)
    assert "does not take this client id and secret" in told
    assert CLIENT not in wrong.content.decode()
    assert admins["Ada Admin"].post(ask, sent).status_code == 302
    made = newest(seeded)
    assert CLIENT not in admins["Ben Admin"].get(f"/changes/{made.id}/").content.decode()
    assert "asked for a change" in text_of(admins["Ben Admin"].get(SIGN_ON))
    answer = admins["Ben Admin"].post(f"/changes/{made.id}/agree/", {"reason": "seen"})
    assert answer.status_code == 302
    with tenant(seeded.tenant_id):
        row, now = sign_on.provider(), world().clock.now()
        assert row
        for name in ("Nora Newcomer", "Piet Payables"):
            person_id, first = world().ids.new(), name.split()[0].lower()
            sign_on.create_person(person_id, f"{first}@vesterholt.example", name, now)
            sign_on.remember(world().ids.new(), row, first, person_id, now)
    return service


def test_single_sign_on_as_it_stands_and_tried(
    seen: tuple[Page, Look], address: str, connected: Service
) -> None:
    page, look = seen
    page.goto(f"{address}{SIGN_ON}")
    expect(page.get_by_text("have no other way in", exact=False)).to_be_visible()
    page.get_by_role("button", name="Test the connection").click()
    expect(page.get_by_text("both are right")).to_be_visible()
    page.get_by_label("New client secret").fill(CLIENT)
    page.get_by_role("button", name="Try it and keep it").click()
    expect(page.get_by_text("The service takes the new secret; it is kept.")).to_be_visible()
    shown(page, look, "sign-on")
    page.get_by_role("link", name="Ask for a change").click()
    expect(page.get_by_label("Client id, as nostro is registered there")).to_have_value(
        "nostro-vesterholt"
    )
    expect(page.get_by_label("Groups of your sign-in service")).to_have_value(
        "books | reconciler\ntreasury | approver"
    )


def test_single_sign_on_is_shown_to_who_looks_after_access(
    seeded: Vesterholt, admins: dict[str, Client], connected: Service
) -> None:
    maker = colleague(seeded, [Role.MAKER], "Mo Maker")
    assert maker.get(SIGN_ON).status_code == 403
    assert "Single sign-on" not in text_of(maker.get("/people/"))
    assert maker.post(f"{SIGN_ON}test/").status_code == 403
    auditor = colleague(seeded, [Role.AUDITOR], "Aud Reads")
    told = text_of(auditor.get(SIGN_ON))
    assert connected.issuer in told
    assert "Renew the client secret" not in told
    assert auditor.post(f"{SIGN_ON}secret/", {"client_secret": CLIENT}).status_code == 409
    wrong = admins["Ada Admin"].post(f"{SIGN_ON}secret/", {"client_secret": "another one"})
    assert wrong.status_code == 400
    assert "does not take" in text_of(wrong)
