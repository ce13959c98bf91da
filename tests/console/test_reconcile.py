"""Reconcile: open lines with what may explain them, by keyboard, by mouse and without scripts."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from nostro.app import world
from nostro.domain.match import MatchState
from nostro.domain.party import Role
from nostro.storage import models, people
from nostro.storage.pages.reconcile import OpenLine, Order, accounts, open_lines
from nostro.storage.tenancy import tenant
from tests import seed as customers
from tests.api import door
from tests.console.browser import LOOKS, faults, look_at, picture, session
from tests.console.seed import Vesterholt
from tests.open_lines import Waiting, waiting_lines

LINES = 60


@pytest.fixture(scope="module")
def lines(seeded: Vesterholt) -> Waiting:
    """Open lines on an account that had none."""
    with tenant(seeded.tenant_id):
        (found,) = [one for one in accounts() if one.name == "Nederland operating account"]
    return waiting_lines(seeded.tenant_id, found.id, LINES)


@pytest.fixture(scope="module")
def state(chromium: Browser, address: str, seeded: Vesterholt, lines: Waiting) -> Any:
    return session(chromium, address, seeded.email(seeded.first.name), seeded.password)


@pytest.fixture(scope="module")
def desk(address: str, lines: Waiting) -> str:
    return f"{address}/reconcile/?account={lines.account_id}&order=oldest"


def chosen(page: Page) -> str:
    """The line that somebody is at; the list and the panel must agree on it."""
    line = page.locator(".queue a[aria-current]").get_attribute("data-line") or ""
    expect(page.locator("[data-panel]:not([hidden])")).to_have_attribute("data-panel", line)
    return line


@pytest.mark.browser
@pytest.mark.parametrize("look", range(len(LOOKS)), ids=[look.name for look in LOOKS])
def test_lines_and_what_may_explain_them(
    chromium: Browser, state: Any, desk: str, look: int
) -> None:
    with look_at(chromium, LOOKS[look], state) as seen:
        seen.page.goto(desk)
        expect(seen.page.locator("h1")).to_have_text("Reconcile")
        expect(seen.page.locator(".queue a")).to_have_count(25)
        for place, name in enumerate(("one", "several", "discount", "none")):
            seen.page.locator(".queue a").nth(place).click()
            panel = seen.page.locator("[data-panel]:not([hidden])")
            expect(panel).to_have_count(1)
            said = {
                "one": "98.1% sure",
                "several": "Several fit",
                "discount": "−20.00",
                "none": "Nothing is proposed",
            }
            expect(panel).to_contain_text(said[name])
            picture(seen.page, f"reconcile-{name}-{LOOKS[look].name}")
            assert not faults(seen)


@pytest.mark.browser
def test_moving_and_choosing_by_keys_keeps_its_place(
    chromium: Browser, state: Any, desk: str, lines: Waiting
) -> None:
    with look_at(chromium, LOOKS[0], state) as seen:
        page = seen.page
        page.goto(desk)
        first = chosen(page)
        for key in ("j", "j", "k"):
            page.keyboard.press(key)
        second = chosen(page)
        assert second != first
        assert f"line={second}" in page.url
        page.keyboard.press("2")
        panel = page.locator("[data-panel]:not([hidden])")
        expect(panel.locator("input[name=proposal]").nth(1)).to_be_checked()
        expect(panel.locator(".eq").nth(0)).to_be_hidden()
        expect(panel.locator(".eq").nth(1)).to_be_visible()
        expect(page.locator("#said")).to_contain_text("Line 2 of 25")
        page.reload()
        assert chosen(page) == second
        for _ in range(24):
            page.keyboard.press("j")
        page.wait_for_url("**cursor=**")
        assert chosen(page) not in {first, second}
        assert not seen.complaints


@pytest.mark.browser
def test_without_scripts_each_line_is_a_link(chromium: Browser, state: Any, desk: str) -> None:
    with look_at(chromium, LOOKS[0], state, java_script_enabled=False) as seen:
        seen.page.goto(desk)
        before = chosen(seen.page)
        seen.page.locator(".queue a").nth(2).click()
        expect(seen.page.locator("[data-panel]:not([hidden])")).to_contain_text("Discount")
        assert chosen(seen.page) != before


@pytest.mark.parametrize("order", list(Order))
def test_every_line_comes_once_in_order(lines: Waiting, order: Order) -> None:
    found: list[OpenLine] = []
    cursor = ""
    while True:
        with tenant(lines.tenant_id):
            page = open_lines(lines.account_id, order, limit=7, cursor=cursor)
        found += page.rows
        cursor = page.next
        if not cursor:
            break
    ids = [row.line.id for row in found]
    assert sorted(ids) == sorted(lines.line_ids)
    keys: list[Any] = [
        row.line.amount.minor if order is Order.LARGEST else row.line.day for row in found
    ]
    assert keys == sorted(keys, reverse=order is not Order.OLDEST)
    assert [len(row.guesses) for row in found if row.line.id == lines.line_ids[1]] == [2]


def test_nothing_waits_and_what_is_not_there(seeded: Vesterholt) -> None:
    empty = customers.customer("NORECON", payments=0)
    client = door.signed_in(door.person([empty], [Role.RECONCILER]))
    found = client.get("/reconcile/").content.decode()
    assert "3 lines of NORECON current wait" in found
    assert "none has a proposal" in found
    assert client.get("/reconcile/?account=nonsense").status_code == 400
    assert client.get(f"/reconcile/?account={seeded.tenant_id}").status_code == 400
    assert client.get("/reconcile/?order=upwards").status_code == 400
    assert client.get("/reconcile/?cursor=nonsense").status_code == 400


@pytest.fixture(scope="module")
def clerk(seeded: Vesterholt) -> str:
    """Somebody whose work this is; returns the address he signs in with."""
    person_id = door.new()
    email = f"{person_id}@example.com"
    people.create_person(
        person_id, email=email, name="Rika Clerk", password=door.PASSWORD,
        now=world().clock.now(),
    )  # fmt: skip
    with tenant(seeded.tenant_id):
        people.grant(door.new(), person_id, [Role.RECONCILER])
    return email


@pytest.mark.browser
def test_matched_undone_and_refused_by_keys(
    chromium: Browser, address: str, clerk: str, desk: str, lines: Waiting
) -> None:
    state = session(chromium, address, clerk, door.PASSWORD)
    with look_at(chromium, LOOKS[0], state) as seen:
        page = seen.page
        page.goto(desk)
        page.keyboard.press("j")
        before = chosen(page)
        following = page.locator(".queue a").nth(2).get_attribute("data-line")
        page.keyboard.press("2")
        page.keyboard.press("Enter")
        expect(page.locator(".banner.last")).to_contain_text("Matched: Brandauer")
        expect(page.locator(f"#line-{before}")).to_have_count(0)
        assert chosen(page) == following
        assert state_of(lines, before) is MatchState.MATCHED
        picture(page, "reconcile-matched")
        assert not faults(seen)
        page.keyboard.press("u")
        expect(page.locator(f"#line-{before}")).to_have_count(1)
        assert chosen(page) == before
        assert state_of(lines, before) is MatchState.AMBIGUOUS
        page.keyboard.press("r")
        page.keyboard.press("Enter")
        expect(page.locator("#reconcile .banner.bad")).to_contain_text("reason")
        page.keyboard.press("r")
        page.keyboard.type("Another customer")
        page.keyboard.press("Enter")
        expect(page.locator("[data-panel]:not([hidden]) .cand")).to_have_count(1)
        assert chosen(page) == before
        assert not seen.refused()


@pytest.mark.browser
def test_matched_and_undone_without_scripts(
    chromium: Browser, address: str, clerk: str, desk: str, lines: Waiting
) -> None:
    state = session(chromium, address, clerk, door.PASSWORD)
    with look_at(chromium, LOOKS[0], state, java_script_enabled=False) as seen:
        page = seen.page
        page.goto(desk)
        line = chosen(page)
        page.locator("[data-panel]:not([hidden])").get_by_role("button", name="Match").click()
        expect(page.locator(".banner.last")).to_contain_text("Matched: Nordvik")
        assert state_of(lines, line) is MatchState.MATCHED
        page.get_by_role("link", name="What was matched").click()
        row = page.locator("[data-row]").first
        expect(row).to_contain_text("Rika Clerk")
        row.get_by_role("button", name="Undo").click()
        expect(page.locator("#matched .banner.bad")).to_contain_text("reason")
        row.get_by_label("Why it is wrong").fill("Paid by somebody else")
        row.get_by_role("button", name="Undo").click()
        expect(page.locator("#notices")).to_contain_text("The match is undone")
    assert state_of(lines, line) is MatchState.SUGGESTED


@pytest.mark.browser
@pytest.mark.parametrize("look", range(len(LOOKS)), ids=[look.name for look in LOOKS])
def test_what_was_matched(chromium: Browser, state: Any, address: str, look: int) -> None:
    with look_at(chromium, LOOKS[look], state) as seen:
        seen.page.goto(f"{address}/reconcile/matched/")
        expect(seen.page.locator("[data-row]").first).to_be_visible()
        picture(seen.page, f"reconciled-{LOOKS[look].name}")
        assert not faults(seen)


def test_who_may_not_match_is_told_so(seeded: Vesterholt, lines: Waiting) -> None:
    client = Client(SERVER_NAME="localhost")
    assert client.login(email=seeded.email(seeded.maker.name), password=seeded.password)
    asked = {"account": str(lines.account_id), "proposal": str(lines.statement_id)}
    found = client.post("/reconcile/confirm/", asked)
    assert found.status_code == 409
    assert "may not decide what bank lines pay" in found.content.decode()
    assert "data-confirm" not in client.get("/reconcile/").content.decode()


def state_of(lines: Waiting, line: str) -> MatchState:
    with tenant(lines.tenant_id):
        row = models.BankTransaction.objects.get(id=UUID(line))
    return MatchState(row.match_state)
