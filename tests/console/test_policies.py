"""Policies in the open: what counts, who agreed, what comes, and what each version changed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from nostro.app import world
from nostro.domain.policies.approval import ApprovalRules
from nostro.storage import policies
from nostro.storage.tenancy import tenant
from nostro.workflows import policy_book
from tests.console.browser import LOOKS, Look, faults, look_at, picture
from tests.console.seed import Vesterholt
from tests.console.test_access_pages import ada, admins  # noqa: F401

pytestmark = [pytest.mark.browser]


@pytest.fixture(scope="module")
def versions(seeded: Vesterholt) -> None:
    """Three people since today, four in ten days."""
    now = world().clock.now()
    for needed, days in ((3, 0), (4, 10)):
        with tenant(seeded.tenant_id):
            policies.add(
                world().ids.new(),
                ApprovalRules(needed=needed),
                valid_from=now + timedelta(days=days),
                changed_by="Ada Admin and Ben Admin",
                reason=f"The board wants {needed}",
            )


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_all_that_counts_and_all_that_counted(
    chromium: Browser,
    address: str,
    look: Look,
    ada: Any,  # noqa: F811
    versions: None,
) -> None:
    with look_at(chromium, look, ada) as watched:
        page: Page = watched.page
        page.goto(f"{address}/policies/")
        expect(page.locator("h1")).to_have_text("Policies")
        card = page.locator("section", has_text="Who approves payments")
        expect(card).to_contain_text("Version 1")
        expect(card).to_contain_text("The board wants 3")
        picture(page, f"policies-{look.name}")
        assert not faults(watched)
        card.get_by_role("link", name="Who approves payments", exact=True).click()
        expect(page.locator("h1")).to_have_text("Who approves payments")
        comes = page.locator("section", has=page.locator("#h-next"))
        expect(comes).to_contain_text("The board wants 4")
        expect(comes.locator("del")).to_have_text("3")
        expect(comes.locator("ins")).to_have_text("4")
        expect(page.locator(".turns li")).to_have_count(3)
        expect(page.locator(".turns li").last).to_contain_text("As nostro comes")
        picture(page, f"policy-{look.name}")
        assert not faults(watched)
        page.get_by_role("link", name="Change it, or try a change").click()
        expect(page.get_by_label("People who approve a payment")).to_have_value("3")


def test_every_policy_stands_there_and_a_bank_of_its_own(
    admins: dict[str, Client],  # noqa: F811
    seeded: Vesterholt,
) -> None:
    client = admins["Ada Admin"]
    told = client.get("/policies/").content.decode()
    for kind in policy_book.kinds():
        assert f"/policies/{kind.name}/" in told
        assert client.get(f"/policies/{kind.name}/").status_code == 200
    assert "When a bank takes payments: mock-bank" in told
    for path in ("/policies/membership/", "/policies/bank_calendar/?of=nonsense"):
        assert client.get(path).status_code == 404
