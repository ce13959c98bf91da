"""The payments list and the trace of one payment, as people use them in a browser."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from nostro.domain.party import Role
from nostro.storage import evidence, listing, orders
from nostro.storage.pages.trace import trace
from nostro.storage.tenancy import tenant
from tests import seed as leaks
from tests.api import door
from tests.console.browser import LOOKS, Look, faults, look_at, picture, session
from tests.console.seed import Vesterholt

pytestmark = [pytest.mark.browser]


@pytest.fixture(scope="module")
def approver(chromium: Browser, address: str, seeded: Vesterholt) -> Any:
    return session(chromium, address, seeded.email(seeded.first.name), seeded.password)


@pytest.fixture
def page(chromium: Browser, approver: Any) -> Iterator[Page]:
    with look_at(chromium, LOOKS[0], approver) as seen:
        yield seen.page
        assert not faults(seen)


@pytest.fixture(scope="module")
def stranger(seeded: Vesterholt) -> Client:
    """A browser of somebody who works for another customer."""
    other = leaks.customer("STRA", payments=1)
    return door.signed_in(door.person([other], [Role.APPROVER]))


def number_of(seeded: Vesterholt, name: str) -> str:
    with tenant(seeded.tenant_id):
        row = listing.payment(seeded.order_ids[name])
    assert row is not None
    return row.number


def shown(page: Page) -> list[str]:
    return page.locator("#list tbody td.nr").all_inner_texts()


def test_the_headline_says_what_is_stuck(page: Page, address: str) -> None:
    page.goto(f"{address}/payments/")
    told = page.locator("h1 + p").inner_text()
    assert re.match(r"\d+ payments are stuck: \d+ wait for the bank's answer and", told), told


def test_a_chip_filters_in_place_and_in_the_address(page: Page, address: str) -> None:
    page.goto(f"{address}/payments/")
    page.locator("#chip-held").click()
    expect(page.locator("#chip-held")).to_have_attribute("aria-current", "true")
    expect(page).to_have_url(re.compile("state=held"))
    assert set(page.locator("#list tbody .tag").all_inner_texts()) == {"Held"}
    page.reload()
    expect(page.locator("#chip-held")).to_have_attribute("aria-current", "true")
    page.go_back()
    expect(page.locator("#chip-all")).to_have_attribute("aria-current", "true")


def test_unknown_outcomes_have_their_own_chip(page: Page, address: str) -> None:
    page.goto(f"{address}/payments/?state=unknown")
    assert set(page.locator("#list tbody .tag").all_inner_texts()) == {"Outcome unknown"}


def test_search_finds_a_number_and_an_iban(page: Page, address: str, seeded: Vesterholt) -> None:
    number = number_of(seeded, "settled")
    page.goto(f"{address}/payments/")
    page.keyboard.press("/")
    page.keyboard.type(number)
    page.keyboard.press("Enter")
    expect(page.locator("#h-list")).to_contain_text(number)
    assert shown(page) == [number]
    with tenant(seeded.tenant_id):
        row = listing.payment(seeded.order_ids["settled"])
        story = trace(seeded.order_ids["settled"])
    assert row is not None
    assert story is not None
    page.goto(f"{address}/payments/?q={row.creditor_iban}")
    assert number in shown(page)
    page.goto(f"{address}/payments/?q={story.dossier.attempts[0].uetr}")
    assert shown(page) == [number]


def test_pages_go_on_where_the_last_one_ended(page: Page, address: str) -> None:
    page.goto(f"{address}/payments/")
    first = shown(page)
    page.get_by_role("link", name="Older").click()
    expect(page.get_by_role("link", name="Newest")).to_be_visible()
    second = shown(page)
    assert len(first) == 25
    assert second
    assert not set(first) & set(second)
    page.get_by_role("link", name="Newest").click()
    expect(page.get_by_role("link", name="Newest")).to_have_count(0)
    assert shown(page) == first


def test_keys_move_and_open(page: Page, address: str) -> None:
    page.goto(f"{address}/payments/")
    for key in ("j", "j", "k", "j"):
        page.keyboard.press(key)
    chosen = page.locator("tr.cur td.nr").inner_text()
    assert chosen == shown(page)[1]
    page.keyboard.press("Enter")
    expect(page.locator("main .id").first).to_have_text(chosen)


def test_the_list_works_without_scripts(chromium: Browser, address: str, approver: Any) -> None:
    with look_at(chromium, LOOKS[0], approver, java_script_enabled=False) as seen:
        seen.page.goto(f"{address}/payments/")
        seen.page.locator("#chip-held").click()
        # A plain link loads a new page: what is read before it has come is the old page or none.
        expect(seen.page.locator("#chip-held")).to_have_attribute("aria-current", "true")
        assert set(seen.page.locator("#list tbody .tag").all_inner_texts()) == {"Held"}
        seen.page.goto(f"{address}/payments/")
        newest = shown(seen.page)
        seen.page.get_by_role("link", name="Older").click()
        expect(seen.page.get_by_role("link", name="Newest")).to_be_visible()
        assert not set(newest) & set(shown(seen.page))


def test_the_whole_story_of_one_payment(page: Page, address: str, seeded: Vesterholt) -> None:
    page.goto(f"{address}/payments/{seeded.order_ids['settled']}/")
    assert page.locator(".route-wide .node.d").count() == 7
    expect(page.locator("#h-cash")).to_be_visible()
    key_events = page.locator("#story li").count()
    page.locator("#story-all").click()
    expect(page.locator("#story-all")).to_have_attribute("aria-current", "true")
    assert page.locator("#story li").count() > key_events
    text = page.locator("#main").inner_text()
    for words in ("Hannah Lindqvist", "Pieter de Vries", "Journal: payment settled", "sha256"):
        assert words in text


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_what_the_source_says_of_its_handling_is_shown(
    chromium: Browser, address: str, look: Look, approver: Any, seeded: Vesterholt
) -> None:
    with tenant(seeded.tenant_id):
        (order_id,) = orders.known_sources("manual", ["CONSOLE-1"]).values()
    with look_at(chromium, look, approver) as seen:
        seen.page.goto(f"{address}/payments/{order_id.id}/")
        said = seen.page.locator("dt", has_text="Said by the source").locator("+ dd")
        expect(said).to_contain_text("urgent")
        expect(said).to_contain_text("category purpose SUPP")
        picture(seen.page, f"payment-said-{look.name}")
        assert not faults(seen)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("unknown", "It will not be sent again."),
        ("rejected", "AC04"),
        ("duplicate", "was already paid"),
    ],
)
def test_a_banner_says_what_is_wrong(
    page: Page, address: str, seeded: Vesterholt, name: str, words: str
) -> None:
    page.goto(f"{address}/payments/{seeded.order_ids[name]}/")
    expect(page.locator("#main .banner").first).to_contain_text(words)


def test_a_duplicate_stands_beside_the_earlier_payment(
    page: Page, address: str, seeded: Vesterholt
) -> None:
    page.goto(f"{address}/payments/{seeded.order_ids['duplicate']}/")
    other = page.locator(".diff a")
    expect(other).to_contain_text("for comparison")
    earlier = other.inner_text().split(",")[0]
    other.click()
    expect(page.locator("main .id").first).to_have_text(earlier)


def test_evidence_comes_out_byte_by_byte(page: Page, address: str, seeded: Vesterholt) -> None:
    page.goto(f"{address}/payments/{seeded.order_ids['settled']}/")
    links = page.locator("main a[href^='/evidence/']")
    assert links.count() >= 4  # The run, our file, the bank's report, the statement.
    for place in range(links.count()):
        with page.expect_download() as waiting:
            links.nth(place).click()
        got = waiting.value.path().read_bytes()
        evidence_id = UUID(waiting.value.url.rstrip("/").rpartition("/")[2])
        with tenant(seeded.tenant_id):
            _, _, digest = evidence.describe(evidence_id)
            assert got == evidence.read(evidence_id)
        assert hashlib.sha256(got).hexdigest() == digest


def test_evidence_is_never_shown_inside_a_page(seeded: Vesterholt, approver: Any) -> None:
    client = door.browser()
    client.cookies["sessionid"] = next(
        cookie["value"] for cookie in approver["cookies"] if cookie["name"] == "sessionid"
    )
    with tenant(seeded.tenant_id):
        story = trace(seeded.order_ids["settled"])
    assert story is not None
    answer = client.get(f"/evidence/{story.sent[0].file.id}/")
    assert answer.status_code == 200
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Type"] == "application/octet-stream"


def test_another_customers_rows_are_not_there(seeded: Vesterholt, stranger: Client) -> None:
    with tenant(seeded.tenant_id):
        story = trace(seeded.order_ids["settled"])
    assert story is not None
    assert stranger.get(f"/payments/{seeded.order_ids['settled']}/").status_code == 404
    assert stranger.get(f"/evidence/{story.sent[0].file.id}/").status_code == 404
    listed = stranger.get("/payments/").content.decode()
    assert number_of(seeded, "settled") not in listed


@pytest.mark.parametrize("asked", ["?state=nonsense", "?cursor=nonsense", "?q=" + "x" * 101])
def test_a_question_we_cannot_answer_is_answered_in_words(stranger: Client, asked: str) -> None:
    answer = stranger.get(f"/payments/{asked}")
    assert answer.status_code in (400, 422)
    assert b"What you can do" in answer.content
