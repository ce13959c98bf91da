"""Reconcile: open lines with what may explain them, by keyboard, by mouse and without scripts."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from nostro.domain.party import Role
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
