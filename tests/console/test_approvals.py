"""Approving as people do it: two of them, never the maker, exactly what each of them saw."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from playwright.sync_api import Browser, Locator, Page, Route, expect

from nostro.domain.order import OrderState
from nostro.domain.party import Member, Role
from nostro.storage import listing, people
from nostro.storage.approvals import given as given_to
from nostro.storage.dossier import dossier
from nostro.storage.pages.approvals import waiting_count
from nostro.storage.payment_search import Wanted, payments
from nostro.storage.tenancy import tenant
from tests import seed as leaks
from tests.api import door
from tests.console.browser import LOOKS, Watched, faults, look_at, session
from tests.console.seed import Vesterholt

pytestmark = [pytest.mark.browser]


@pytest.fixture(scope="module")
def states(chromium: Browser, address: str, seeded: Vesterholt) -> dict[str, Any]:
    """The session of each person, by name."""
    people = (seeded.maker, seeded.first, seeded.second)
    return {
        one.name: session(chromium, address, seeded.email(one.name), seeded.password)
        for one in people
    }


@pytest.fixture
def desk(chromium: Browser, address: str, states: dict[str, Any]) -> Any:
    """Opens the approvals page as a person."""

    @contextmanager
    def sits(member: Member, look: int = 0, **options: Any) -> Iterator[Watched]:
        with look_at(chromium, LOOKS[look], states[member.name], **options) as seen:
            seen.page.goto(f"{address}/approvals/")
            yield seen

    return sits


def state_of(seeded: Vesterholt, order_id: UUID) -> OrderState:
    with tenant(seeded.tenant_id):
        row = listing.payment(order_id)
    assert row is not None
    return row.state


def open_for(seeded: Vesterholt, member: Member, approved_by: int) -> UUID:
    """A waiting payment with so many approvals that this person neither made nor approved."""
    with tenant(seeded.tenant_id):
        rows = payments(Wanted(state="awaiting_approval"), limit=100).rows
        given = given_to([row.id for row in rows])
    return next(
        row.id
        for row in rows
        if len(given[row.id]) == approved_by
        and member.id not in given[row.id]
        and row.maker_id != member.id
    )


def box(page: Page, order_id: UUID) -> Locator:
    return page.locator(f"input[name=chosen][value^='{order_id}:']").first


def tick(page: Page, *order_ids: UUID) -> None:
    for order_id in order_ids:
        box(page, order_id).check()
    count = page.locator("#decide input[name=chosen]:checked").count()
    word = "payment" if count == 1 else "payments"
    expect(approve_button(page)).to_have_text(re.compile(rf"Approve {count}\s{word}"))


def approve_button(page: Page) -> Locator:
    return page.locator("#selection .btn.pri")


def test_two_people_approve_and_the_payment_goes(desk: Any, seeded: Vesterholt) -> None:
    fresh = open_for(seeded, seeded.first, 0)
    with desk(seeded.first) as seen:
        tick(seen.page, fresh)
        digest = seen.page.locator("#selection [name=seen_digest]").input_value()
        shown = seen.page.locator("#selection .hash output").inner_text()
        assert digest.startswith(shown.replace(" ", ""))
        approve_button(seen.page).click()
        expect(seen.page.locator("#approvals .banner.ok")).to_contain_text(
            "1 payment waits for a second person"
        )
        assert "You approved it" in seen.page.locator("tr", has=box(seen.page, fresh)).inner_text()
        assert not faults(seen)
    assert state_of(seeded, fresh) is OrderState.AWAITING_APPROVAL
    with desk(seeded.second) as seen:
        tick(seen.page, fresh)
        approve_button(seen.page).click()
        expect(seen.page.locator("#approvals .banner.ok")).to_contain_text("1 payment approved")
        expect(box(seen.page, fresh)).to_have_count(0)
    assert state_of(seeded, fresh) is OrderState.SCHEDULED
    with tenant(seeded.tenant_id):
        found = dossier(fresh)
    assert found is not None
    names = [row.person_name for row in found.approvals]
    assert names == [seeded.first.name, seeded.second.name]


def test_groups_stand_in_the_order_in_which_their_banks_close(
    desk: Any, seeded: Vesterholt
) -> None:
    with desk(seeded.second) as seen:
        groups = seen.page.locator("tr.grp").all_inner_texts()
        told = [int(found[0]) for text in groups if (found := re.findall(r"in (\d+) h", text))]
        assert told, "no group says when its bank closes"
        assert told == sorted(told)
        assert all("leaves " in text for text in groups)


def test_what_is_unusual_is_ticked_one_by_one(desk: Any, seeded: Vesterholt) -> None:
    with desk(seeded.second) as seen:
        for row in seen.page.locator("tr[data-row]").all():
            usual = "As usual" in row.inner_text()
            assert bool(row.locator("input").get_attribute("data-grp")) is usual
        for one in seen.page.locator("tr.grp input[data-all]:not(:disabled)").all():
            one.check()
        ticked = seen.page.locator("tr[data-row]:has(input:checked)").all_inner_texts()
        assert all("As usual" in text for text in ticked)


def test_sums_by_currency_come_from_the_server(desk: Any, seeded: Vesterholt) -> None:
    with desk(seeded.second) as seen:
        for one in seen.page.locator("input[name=chosen]:not(:disabled)").all()[:4]:
            one.check()
        expect(seen.page.locator("#selection .sum").first).to_be_visible()
        ticked = seen.page.locator("#decide input[name=chosen]:checked")
        wanted: dict[str, int] = {}
        for one in ticked.all():
            currency = one.get_attribute("data-ccy") or ""
            minor = int(one.get_attribute("data-minor") or 0)
            wanted[currency] = wanted.get(currency, 0) + minor
        expect(seen.page.locator("#selection [data-count]")).to_have_text(str(ticked.count()))
        for line in seen.page.locator("#selection .sum").all():
            currency, figure = line.locator("span").all_inner_texts()
            assert int(figure.replace(",", "").replace(".", "")) == wanted[currency]
        assert not faults(seen)


def test_quick_hands_get_the_sums_of_what_is_ticked(desk: Any, seeded: Vesterholt) -> None:
    with desk(seeded.second, look=2) as seen:
        boxes = seen.page.locator("#decide input[name=chosen]:not(:disabled)").all()[:4]
        for place, one in enumerate(boxes, 1):
            one.check()
            seen.page.wait_for_timeout(60 * place)  # Some answers are on their way, some not.
        expect(approve_button(seen.page)).to_have_text(re.compile(rf"Approve {len(boxes)}\s"))


@pytest.mark.parametrize("width", [1280, 1440])
def test_no_amount_is_cut_off(desk: Any, seeded: Vesterholt, width: int) -> None:
    with desk(seeded.first) as seen:
        seen.page.set_viewport_size({"width": width, "height": 900})
        hidden = seen.page.locator("#decide .scroll").evaluate("t => t.scrollWidth - t.clientWidth")
        assert hidden <= 0, f"{hidden} px of the table are hidden"


def test_the_maker_is_refused_with_words(desk: Any, seeded: Vesterholt) -> None:
    with desk(seeded.first) as seen:
        own = box(seen.page, seeded.order_ids["own"])
        expect(own).to_be_disabled()
        row = seen.page.locator("tr", has=own)
        expect(row).to_contain_text("You made it")
        own.evaluate("box => box.disabled = false")
        own.check()
        expect(seen.page.locator("#selection [role=alert]")).to_contain_text("You made it")
        expect(approve_button(seen.page)).to_be_disabled()
        approve_button(seen.page).evaluate("button => button.disabled = false")
        approve_button(seen.page).click()
        expect(seen.page.locator("#approvals > .banner.bad")).to_contain_text(
            "created or changed this payment"
        )
    assert state_of(seeded, seeded.order_ids["own"]) is OrderState.AWAITING_APPROVAL


def test_a_maker_may_decide_only_on_what_others_made(desk: Any, seeded: Vesterholt) -> None:
    with desk(seeded.maker) as seen:
        mine = seen.page.locator("#decide input[name=chosen]:not(:disabled)")
        expect(mine).to_have_count(1)
        assert str(seeded.order_ids["own"]) in (mine.get_attribute("value") or "")
        expect(seen.page.get_by_role("button", name="Release hold")).to_have_count(0)
        assert not faults(seen)


def test_who_is_no_approver_may_look_only(seeded: Vesterholt) -> None:
    person_id = door.person([], [])
    with tenant(seeded.tenant_id):
        people.grant(door.new(), person_id, [Role.AUDITOR])
    told = door.signed_in(person_id).get("/approvals/").content.decode()
    assert "Nothing waits for you." in told
    assert "Needs an approver; you are not one" in told
    assert "Release hold" not in told


def test_a_changed_selection_is_refused(desk: Any, seeded: Vesterholt) -> None:
    chosen = open_for(seeded, seeded.second, 0)
    with desk(seeded.second) as seen:
        tick(seen.page, chosen)
        seen.page.locator("#selection [name=seen_digest]").evaluate(
            "field => field.value = 'f'.repeat(64)"
        )
        approve_button(seen.page).click()
        banner = seen.page.locator("#approvals > .banner.bad")
        expect(banner).to_contain_text("changed after they were shown to you")
        expect(banner).to_contain_text("Nothing was approved")
        expect(box(seen.page, chosen)).to_be_checked()
    with tenant(seeded.tenant_id):
        assert seeded.second.id not in given_to([chosen])[chosen]


def test_what_changed_since_it_was_shown_is_said(desk: Any, seeded: Vesterholt) -> None:
    chosen = open_for(seeded, seeded.second, 0)
    with desk(seeded.second) as seen:
        box(seen.page, chosen).evaluate(
            "box => box.value = box.value.slice(0, 37) + '0'.repeat(64)"
        )
        box(seen.page, chosen).check()
        expect(seen.page.locator("#selection [role=alert]")).to_contain_text("Changed since")
        expect(approve_button(seen.page)).to_be_disabled()


def test_deny_needs_a_reason_and_keeps_it(desk: Any, seeded: Vesterholt) -> None:
    chosen = open_for(seeded, seeded.first, 0)
    with desk(seeded.first) as seen:
        tick(seen.page, chosen)
        seen.page.get_by_role("button", name="Deny with reason").click()
        expect(seen.page.locator("#approvals > .banner.bad")).to_contain_text("A reason is needed")
        expect(box(seen.page, chosen)).to_be_checked()
        seen.page.get_by_label("Reason, if you deny").fill("Goods were sent back")
        seen.page.get_by_role("button", name="Deny with reason").click()
        expect(seen.page.locator("#approvals .banner.ok")).to_contain_text("1 payment denied")
    assert state_of(seeded, chosen) is OrderState.DENIED
    with tenant(seeded.tenant_id):
        found = dossier(chosen)
    assert found is not None
    assert any(event.data.get("text") == "Goods were sent back" for event in found.events)


def test_keys_choose_and_open(desk: Any, seeded: Vesterholt) -> None:
    with desk(seeded.second) as seen:
        for key in ("j", "j", "x"):
            seen.page.keyboard.press(key)
        second = seen.page.locator("tr[data-row]").nth(1)
        expect(second.locator("input")).to_be_checked()
        expect(approve_button(seen.page)).to_be_enabled()
        name = second.locator("th a").inner_text()
        seen.page.evaluate("document.activeElement.blur()")
        seen.page.keyboard.press("Enter")
        expect(seen.page.locator("h1")).to_contain_text(name)


def test_a_box_ticked_before_the_scripts_came_counts_too(
    chromium: Browser, address: str, states: dict[str, Any], seeded: Vesterholt
) -> None:
    chosen = open_for(seeded, seeded.second, 0)
    with look_at(chromium, LOOKS[0], states[seeded.second.name]) as seen:
        held: list[Route] = []
        seen.page.route("**/htmx*", lambda route: held.append(route))
        seen.page.goto(f"{address}/approvals/", wait_until="commit")
        box(seen.page, chosen).check()
        expect(approve_button(seen.page)).to_be_disabled()
        for script in held:
            script.continue_()
        expect(approve_button(seen.page)).to_be_enabled()


def test_enter_on_a_box_never_approves(desk: Any, seeded: Vesterholt) -> None:
    chosen = open_for(seeded, seeded.second, 0)
    with desk(seeded.second) as seen:
        tick(seen.page, chosen)
        box(seen.page, chosen).press("Enter")
        expect(seen.page.locator("#approvals")).to_be_visible()
        expect(box(seen.page, chosen)).to_be_checked()
    with tenant(seeded.tenant_id):
        assert seeded.second.id not in given_to([chosen])[chosen]


def test_everything_works_without_scripts(desk: Any, seeded: Vesterholt) -> None:
    chosen = open_for(seeded, seeded.second, 0)
    with desk(seeded.second, java_script_enabled=False) as seen:
        expect(approve_button(seen.page)).to_be_disabled()
        box(seen.page, chosen).check()
        seen.page.get_by_role("button", name="Show sums and digest").last.click()
        expect(box(seen.page, chosen)).to_be_checked()
        approve_button(seen.page).click()
        expect(seen.page.locator("#notices")).to_contain_text("Your approval is recorded")
    with tenant(seeded.tenant_id):
        assert seeded.second.id in given_to([chosen])[chosen]


def test_on_a_phone_the_selection_is_at_hand(desk: Any, seeded: Vesterholt) -> None:
    with desk(seeded.second, look=2) as seen:
        seen.page.locator("#decide input[name=chosen]:not(:disabled)").first.check()
        expect(seen.page.locator(".stepbar [data-count]")).to_have_text("1")
        seen.page.get_by_role("link", name="Look and approve").click()
        expect(approve_button(seen.page)).to_be_in_viewport()


def test_the_count_of_waiting_payments(desk: Any, seeded: Vesterholt) -> None:
    with tenant(seeded.tenant_id):
        waiting = waiting_count()
    with desk(seeded.first) as seen:
        places = seen.page.locator(".nav a[href='/approvals/'] .cnt")
        expect(places).to_have_text(re.compile(rf"^{waiting}\b"))


def test_nothing_to_decide_says_so(seeded: Vesterholt) -> None:
    empty = leaks.customer("NONE", payments=0)
    client = door.signed_in(door.person([empty], [Role.APPROVER]))
    answer = client.get("/approvals/").content.decode()
    assert "Nothing waits for approval, and nothing is held." in answer


@pytest.fixture
def stranger(seeded: Vesterholt) -> Client:
    other = leaks.customer("STRB", payments=0)
    person_id = door.person([other], [Role.APPROVER])
    client = door.browser()
    assert client.login(email=f"{person_id}@example.com", password=door.PASSWORD)
    return client


def test_another_customers_payments_cannot_be_decided(seeded: Vesterholt, stranger: Client) -> None:
    held, waiting = seeded.order_ids["duplicate"], seeded.order_ids["waiting"]
    before = (state_of(seeded, held), state_of(seeded, waiting))
    sent = {"chosen": f"{waiting}:{'0' * 64}", "reason": "mine now", "seen_digest": "0" * 64}
    for address in (
        "/approvals/approve/", "/approvals/deny/", f"/payments/{held}/release/",
        f"/payments/{held}/deny/",
    ):  # fmt: skip
        answer = stranger.post(address, sent)
        assert answer.status_code in (404, 409), address
        assert "does not exist for this customer" in answer.content.decode()
    assert (state_of(seeded, held), state_of(seeded, waiting)) == before


def test_a_post_without_its_token_is_refused(seeded: Vesterholt) -> None:
    here = leaks.customer("CSRF", payments=0)
    client = door.signed_in(door.person([here], [Role.APPROVER]))
    assert client.post("/approvals/approve/", {"chosen": ""}).status_code == 403


@pytest.mark.parametrize("chosen", ["nonsense", "", "1:2"])
def test_a_choice_that_is_none_is_refused_in_words(stranger: Client, chosen: str) -> None:
    answer = stranger.post("/approvals/approve/", {"chosen": chosen})
    assert answer.status_code in (400, 422)
    assert "Reload the page" in answer.content.decode()
