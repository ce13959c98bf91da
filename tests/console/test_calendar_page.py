"""The bank and rail calendar in every look, and its change: asked for there, agreed to by two."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from nostro.storage import bank_calendars, change_requests, parties
from nostro.storage.tenancy import tenant
from tests.console.browser import LOOKS, Look, faults, look_at, picture
from tests.console.seed import Vesterholt
from tests.console.test_access_pages import ada, admins  # noqa: F401
from tests.console.test_actions import text_of

pytestmark = [pytest.mark.browser]
BANK = "mock-bank"
WANTED = {
    "connection": BANK,
    "cut_offs": "15:00 Europe/Berlin EUR\n12:30 Europe/Berlin cross_border_transfer USD -1",
    "closed_days": "2026-12-01 The bank moves house",
    "early_closings": "2026-11-23 10:00 The bank tries its new hall",
    "opens": "08:00",
    "takes_ahead_days": "15",
    "reason": "Our contract of 2026",
}


@pytest.fixture(params=LOOKS, ids=lambda look: look.name)
def seen(request: Any, chromium: Browser, ada: Any) -> Iterator[tuple[Page, Look]]:  # noqa: F811
    with look_at(chromium, request.param, ada) as watched:
        yield watched.page, request.param
        assert not faults(watched)


@pytest.fixture(scope="module")
def agreed(seeded: Vesterholt, admins: dict[str, Client]) -> None:  # noqa: F811
    """Ada asks on the page, Ben agrees on his."""
    one, other = admins.values()
    asked = one.post("/changes/ask/bank_calendar/", {**WANTED})
    assert asked.status_code in (302, 303), text_of(asked)
    with tenant(seeded.tenant_id):
        (row,) = change_requests.listed(limit=1).rows
    other.post(f"/changes/{row.id}/agree/", {"reason": "As the bank wrote to us"})
    with tenant(seeded.tenant_id):
        bank = next(one for one in parties.connections() if one.name == BANK)
        (version,) = bank_calendars.versions(bank.id)
    assert (version.version, version.changed_by) == (1, "Ada Admin and Ben Admin")


def test_until_when_which_days_and_why(seen: tuple[Page, Look], address: str, agreed: None) -> None:
    page, look = seen
    page.goto(f"{address}/calendar/")
    expect(page.locator("h1")).to_have_text("Bank and rail calendar")
    first = page.locator("table").first.locator("tbody tr").first
    expect(first).to_contain_text("10:00 Europe/Berlin on 23 Nov 2026")
    expect(first).to_contain_text("in 1 h")
    expect(first).to_contain_text("Bank's own")
    expect(page.get_by_text("Federal Reserve: Thanksgiving Day")).to_be_visible()
    expect(page.get_by_text("mock-bank: The bank moves house")).to_be_visible()
    expect(page.get_by_text("by Ada Admin and Ben Admin: “Our contract of 2026”")).to_be_visible()
    page.evaluate("document.fonts.ready")
    picture(page, f"calendar-own-{look.name}")
    page.get_by_role("link", name="Ask for a change").last.click()
    expect(page.get_by_label("Until when it takes payments")).to_have_value(WANTED["cut_offs"])


def test_the_page_of_a_payment_says_when_it_leaves(
    seen: tuple[Page, Look], address: str, agreed: None, seeded: Vesterholt
) -> None:
    page, _ = seen
    page.goto(f"{address}/payments/{seeded.order_ids['waiting']}/")
    facts = page.locator("section", has=page.locator("#h-inst"))
    expect(facts).to_contain_text("Bank's cut-off")
    expect(facts).to_contain_text("at 10:00 Europe/Berlin")
