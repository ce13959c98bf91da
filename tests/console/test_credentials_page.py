"""The page of credentials, in every look, with what needs somebody first and no secret on it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from nostro.app import world
from nostro.storage import keys, parties
from nostro.storage.keys import Scope
from nostro.storage.tenancy import tenant
from tests import secret_canaries
from tests.console.browser import LOOKS, Look, faults, look_at, picture, session
from tests.console.seed import Vesterholt

pytestmark = [pytest.mark.browser]
SECRET = secret_canaries.register("password of a connection", "canary-of-the-page")


@pytest.fixture(scope="module")
def signed_in(chromium: Browser, address: str, seeded: Vesterholt) -> Any:
    now = world().clock.now()
    with tenant(seeded.tenant_id):
        bank = parties.connections()[0]
        world().secrets.write(f"connection.{bank.id}.password", SECRET)
        keys.issue(
            world().ids.new(), name="Warehouse", scopes=frozenset({Scope.PAYMENTS_READ}), now=now,
            expires_at=now + timedelta(days=9),
        )  # fmt: skip
    return session(chromium, address, seeded.email(seeded.second.name), seeded.password)


@pytest.fixture(params=LOOKS, ids=lambda look: look.name)
def seen(request: Any, chromium: Browser, signed_in: Any) -> Iterator[tuple[Page, Look]]:
    with look_at(chromium, request.param, signed_in) as watched:
        yield watched.page, request.param
        assert not faults(watched)


def test_what_needs_somebody_stands_first(seen: tuple[Page, Look], address: str) -> None:
    page, look = seen
    page.goto(f"{address}/credentials/")
    expect(page.locator("h1")).to_have_text("Credentials and certificates")
    rows = page.locator("table tbody tr")
    expect(rows.first).to_contain_text("Expires soon")
    expect(page.get_by_text(": password").first).to_be_visible()
    assert SECRET not in page.content()
    page.evaluate("document.fonts.ready")
    picture(page, f"credentials-{look.name}")
