"""The pages between a wish and its outcome, in a browser: what is chosen, said, stopped, lifted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from nostro.domain.freeze import FreezeScope
from nostro.domain.order import OrderState
from nostro.storage import listing
from nostro.storage.payment_search import Wanted, payments
from nostro.storage.tenancy import tenant
from nostro.workflows import freezing
from tests.console.browser import LOOKS, Look, faults, look_at, picture, session
from tests.console.seed import Vesterholt, person

pytestmark = [pytest.mark.browser]


@pytest.fixture(scope="module")
def approver(chromium: Browser, address: str, seeded: Vesterholt) -> Any:
    return session(chromium, address, seeded.email(seeded.first.name), seeded.password)


@pytest.fixture(scope="module")
def stopped(seeded: Vesterholt) -> str:
    """The address where a stop that the second approver set is lifted."""
    with tenant(seeded.tenant_id):
        account = listing.accounts(limit=1).rows[0].id
    member, why = seeded.second, "The balance of this account looks wrong"
    acting = person(seeded.company, member)
    stop_id = freezing.freeze(acting, member, FreezeScope.ACCOUNT, account, why)
    return f"/stops/{stop_id}/lift/"


@pytest.fixture(params=LOOKS, ids=lambda look: look.name)
def seen(request: Any, chromium: Browser, approver: Any) -> Iterator[tuple[Page, Look]]:
    """A page in each look; what is wrong with it as it was left fails the test."""
    with look_at(chromium, request.param, approver) as watched:
        yield watched.page, request.param
        assert not faults(watched)


def shown(page: Page, look: Look, name: str) -> None:
    page.evaluate("document.fonts.ready")
    picture(page, f"{name}-{look.name}")
    assert page.locator("h1").count() == 1


def test_ticked_payments_are_summed_and_taken_back(
    seen: tuple[Page, Look], address: str, seeded: Vesterholt
) -> None:
    page, look = seen
    page.goto(f"{address}/payments/?state=awaiting_approval")
    boxes = page.locator("#bulk input[name=chosen]")
    expect(page.locator(".bulkbar")).to_be_hidden()
    boxes.nth(0).check()
    boxes.nth(1).check()
    expect(page.locator(".bulkbar")).to_be_visible()
    assert page.locator(".bulkbar [data-count]").inner_text() == "2"
    numbers = [boxes.nth(n).get_attribute("value") or "" for n in (0, 1)]
    shown(page, look, "bulk-ticked")
    page.get_by_role("button", name="Cancel or recall").click()
    expect(page.locator("h1")).to_contain_text("Take back 2")
    shown(page, look, "bulk-look")
    page.get_by_label("Reason, as banks know it").select_option("TECH")
    page.get_by_label("What happened, in your words").fill("The run was wrong")
    page.locator("form[action$='take-back/'] button.pri").click()
    expect(page.locator("main .dim").nth(1)).to_contain_text("2 cancelled")
    shown(page, look, "bulk-outcome")
    with tenant(seeded.tenant_id):
        rows = {str(row.id): row.state for row in payments(Wanted(state="cancelled")).rows}
    assert [rows[number] for number in numbers] == [OrderState.CANCELLED] * 2


def test_another_page_of_the_list_begins_with_nothing_chosen(
    chromium: Browser, address: str, approver: Any
) -> None:
    with look_at(chromium, LOOKS[0], approver) as watched:
        page = watched.page
        page.goto(f"{address}/payments/")
        page.locator("#tick-all").check()
        assert page.locator(".bulkbar [data-count]").inner_text() == "25"
        page.get_by_role("link", name="Older").click()
        expect(page.get_by_role("link", name="Newest")).to_be_visible()
        expect(page.locator("#bulk input:checked")).to_have_count(0)
        expect(page.locator(".bulkbar")).to_be_hidden()
        page.locator("#bulk input[name=chosen]").first.check()
        assert page.locator(".bulkbar [data-count]").inner_text() == "1"


def test_hold_shows_what_it_would_hold(seen: tuple[Page, Look], address: str) -> None:
    page, look = seen
    page.goto(f"{address}/payments/?state=awaiting_approval")
    page.locator("#bulk input[name=chosen]").first.check()
    page.get_by_role("button", name="Hold").click()
    expect(page.locator("h1")).to_contain_text("Hold 1")
    shown(page, look, "hold-look")


def test_filters_act_in_place_and_can_be_taken_away(seen: tuple[Page, Look], address: str) -> None:
    page, look = seen
    page.goto(f"{address}/payments/")
    page.locator("#drawer summary").click()
    page.get_by_label("Currency", exact=True).fill("USD")
    page.get_by_label("Currency", exact=True).press("Enter")
    chip = page.get_by_role("link", name="Currency USD")
    expect(chip).to_be_visible()
    amounts = page.locator("#list tbody td.n b").count()
    assert amounts
    assert (
        page.locator("#list tbody tr", has_text="USD").count()
        == page.locator("#list tbody tr").count()
    )
    shown(page, look, "filters-in-force")
    chip.click()
    expect(chip).to_have_count(0)


def test_a_statement_that_was_not_taken_keeps_what_was_written(
    seen: tuple[Page, Look], address: str, seeded: Vesterholt
) -> None:
    page, look = seen
    page.goto(f"{address}/files/{seeded.file_ids['Werke US dollar account']}/")
    page.locator("#say summary").click()
    page.get_by_label("The bank has it").check()
    page.get_by_label("Who said it, at the bank").fill(" ")
    page.get_by_role("textbox", name="What was said").fill("It is in the queue")
    shown(page, look, "evidence-form")
    page.get_by_role("button", name="Write it down").click()
    expect(page.locator(".banner.bad")).to_contain_text("Who said it at the bank is missing")
    expect(page.get_by_role("textbox", name="What was said")).to_have_value("It is in the queue")
    shown(page, look, "evidence-again")


@pytest.mark.parametrize("place", ["/", "/payments/", "/stops/", "lift"])
def test_a_stop_in_force_is_seen(
    seen: tuple[Page, Look], address: str, stopped: str, place: str
) -> None:
    page, look = seen
    page.goto(address + (stopped if place == "lift" else place))
    banner = page.locator(".stops-in-force")
    expect(banner).to_contain_text("The balance of this account looks wrong")
    expect(banner).to_contain_text("Two other people have to agree to lift it")
    shown(page, look, f"stopped-{place.strip('/') or 'today'}")
