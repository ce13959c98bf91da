"""The holds desk: the evidence beside each hold, who may let it go, one by one or together."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Browser, expect

from nostro.app import world
from nostro.domain.event import Actor
from nostro.domain.money import Money
from nostro.domain.order import OrderState
from nostro.domain.party import Member, Role
from nostro.domain.payment import PaymentRequest
from nostro.domain.policies.payment_limits import Limit, PaymentLimits, Per
from nostro.storage import hold_listing, orders, policies
from nostro.storage.dossier import dossier
from nostro.storage.payment_search import Wanted, payments
from nostro.storage.tenancy import tenant
from nostro.workflows import payment_intake, watch_list_loading
from nostro.workflows.context import Acting
from nostro.workflows.holding import place_hold
from tests import seed as leaks
from tests.api import door
from tests.console.browser import LOOKS, Watched, faults, look_at, picture, session
from tests.console.seed import Vesterholt
from tests.console.test_approvals import state_of

pytestmark = [pytest.mark.browser]


@pytest.fixture(scope="module")
def disputed(seeded: Vesterholt) -> list[UUID]:
    """Three payments that the maker holds for one same reason."""
    with tenant(seeded.tenant_id):
        rows = payments(Wanted(state="awaiting_approval"), limit=100).rows
    found = [row.id for row in rows if row.maker_id == seeded.maker.id][:3]
    who = Actor(kind="person", id=seeded.maker.id, name=seeded.maker.name)
    acting = Acting(tenant_id=seeded.tenant_id, actor=who, world=world())
    place_hold(acting, seeded.maker, found, "The goods came broken")
    return found


@pytest.fixture(scope="module")
def stopped_by_rules(seeded: Vesterholt) -> Iterator[dict[str, UUID]]:
    """A payment above three limits, and one to somebody who is like names on a list."""
    acting = Acting(
        tenant_id=seeded.tenant_id,
        actor=Actor(kind="person", id=seeded.maker.id, name=seeded.maker.name),
        world=world(),
    )
    limits = (
        Limit(name="Large payments", most=Money(20_000_00, "EUR"), per=Per.PAYMENT),
        Limit(name="Werke", most=Money(25_000_00, "EUR"), per=Per.DAY_ACCOUNT),
        Limit(name="One supplier", most=Money(15_000_00, "EUR"), per=Per.DAY_PAYEE),
    )
    rules, now = PaymentLimits(limits=limits), world().clock.now()
    with tenant(seeded.tenant_id):
        policies.add(world().ids.new(), rules, valid_from=now, changed_by="x", reason="x")
        like = orders.in_state(OrderState.AWAITING_APPROVAL)[-1]
    listed = Path(__file__).parents[1] / "golden_watch_lists" / "eu_xml.in"
    watch_list_loading.load(acting, [("eu.xml", BytesIO(listed.read_bytes()))])

    def asked(reference: str, minor: int, name: str) -> PaymentRequest:
        told = like.instruction
        return PaymentRequest(
            source_reference=reference,
            entity_code="1000",
            amount=Money(minor, "EUR"),
            payee_number=like.payee_number,
            payee_name=name,
            payee_address=told.creditor_address,
            creditor_iban=told.creditor_iban,
            creditor_bic=told.creditor_bic,
            requested_date=world().clock.now().date(),
            invoices=(f"{reference}-1",),
            remittance="Goods",
        )

    name = like.instruction.creditor_name
    wanted = [asked("LIM-101", 23_456_78, name), asked("LIM-202", 41_00, "Qwert Zyxwvut")]
    over, hit = payment_intake.create_payments(acting, "manual", wanted)
    yield {"over": over, "hit": hit}
    watch_list_loading.remove(acting, "eu")


@pytest.fixture(scope="module")
def states(chromium: Browser, address: str, seeded: Vesterholt) -> dict[str, Any]:
    people = (seeded.maker, seeded.first)
    return {
        one.name: session(chromium, address, seeded.email(one.name), seeded.password)
        for one in people
    }


@pytest.fixture
def desk(chromium: Browser, address: str, states: dict[str, Any], disputed: list[UUID]) -> Any:
    @contextmanager
    def sits(member: Member, look: int = 0, query: str = "") -> Iterator[Watched]:
        with look_at(chromium, LOOKS[look], states[member.name]) as seen:
            seen.page.goto(f"{address}/holds/{query}")
            yield seen

    return sits


@pytest.mark.parametrize("look", range(len(LOOKS)), ids=[look.name for look in LOOKS])
def test_what_is_held_beside_its_evidence(desk: Any, seeded: Vesterholt, look: int) -> None:
    with desk(seeded.first, look) as seen:
        expect(seen.page.locator("h1")).to_have_text("Holds")
        expect(seen.page.locator("#holds > div").first).to_contain_text(
            re.compile(r"\d+ payments are held, the oldest for")
        )
        twin = seen.page.locator(f"#held-{seeded.order_ids['duplicate']}")
        expect(twin.locator(".diff")).to_contain_text("Invoices")
        expect(twin).to_contain_text(f"May let it go: {seeded.first.name}")
        picture(seen.page, f"holds-{LOOKS[look].name}")
        assert not faults(seen)
    with desk(seeded.first, look, "?code=held_by_request") as seen:
        for box in seen.page.locator("#together input[name=chosen]").all()[:2]:
            box.check()
        expect(seen.page.locator("#chosen .sum").first).to_be_visible()
        expect(seen.page.locator("#chosen .btn.pri")).to_have_text(
            re.compile(r"Let 2\spayments go")
        )
        picture(seen.page, f"holds-together-{LOOKS[look].name}")
        assert not faults(seen)


@pytest.mark.parametrize("look", range(len(LOOKS)), ids=[look.name for look in LOOKS])
def test_limits_and_listed_names_are_tables(
    desk: Any, seeded: Vesterholt, stopped_by_rules: dict[str, UUID], look: int
) -> None:
    with desk(seeded.first, look, "?payee=zyxw") as seen:
        row = seen.page.locator(f"#held-{stopped_by_rules['hit']} .evid tbody tr").first
        for told in ("Qwert Asdf Zyxwvut", "Qwert Zyxwvut", "88 %", "EU.90002.2", "TST"):
            expect(row).to_contain_text(told)
        picture(seen.page, f"holds-listed-{LOOKS[look].name}")
        assert not faults(seen)
    with desk(seeded.first, look, "?code=limit_exceeded") as seen:
        rows = seen.page.locator(f"#held-{stopped_by_rules['over']} .evid tbody tr")
        expect(rows).to_have_count(3)
        expect(rows.first).to_contain_text("Large payments")
        expect(rows.first.locator("td").last).to_contain_text(re.compile(r"3,456\.78\sEUR"))
        picture(seen.page, f"holds-limits-{LOOKS[look].name}")
        assert not faults(seen)
        seen.page.goto(
            seen.page.url.partition("/holds/")[0] + f"/payments/{stopped_by_rules['over']}/"
        )
        expect(seen.page.locator(".evid tbody tr")).to_have_count(3)
        picture(seen.page, f"held-payment-{LOOKS[look].name}")
        assert not faults(seen)


@pytest.mark.parametrize("look", range(len(LOOKS)), ids=[look.name for look in LOOKS])
def test_all_of_a_run_is_offered_to_be_denied_as_one(
    desk: Any, seeded: Vesterholt, look: int
) -> None:
    (run,) = whole_runs(seeded)
    with desk(seeded.first, look, f"?run={run}") as seen:
        card = seen.page.locator("form[aria-labelledby=h-run]")
        expect(card.locator("h2")).to_contain_text("Deny all of run")
        expect(card.get_by_role("button")).to_have_text(re.compile(r"Deny \d+\spayments?"))
        picture(seen.page, f"holds-run-{LOOKS[look].name}")
        assert not faults(seen)


def whole_runs(seeded: Vesterholt) -> set[UUID | None]:
    with tenant(seeded.tenant_id):
        return {
            row.run_id
            for row in orders.in_state(OrderState.HELD)
            if row.id == seeded.order_ids["duplicate"]
        }


def test_a_run_held_for_a_reason_is_denied_as_one(desk: Any, seeded: Vesterholt) -> None:
    (run,) = whole_runs(seeded)
    with tenant(seeded.tenant_id):
        ids = [row.id for row in orders.in_state(OrderState.HELD) if row.run_id == run]
        codes = hold_listing.codes_of(ids)
    duplicate = seeded.order_ids["duplicate"]
    other = next(one for one in ids if set(codes[one]).isdisjoint(codes[duplicate]))
    with desk(seeded.first, query=f"?run={run}&code={codes[other][0]}") as seen:
        card = seen.page.locator("form[aria-labelledby=h-run]")
        card.get_by_role("button").click()
        expect(seen.page.locator("#holds > .banner.bad")).to_contain_text("A reason is needed")
        card.get_by_label("One reason for all of them").fill("The run came twice")
        card.get_by_role("button").click()
        expect(seen.page.locator("#holds .banner.ok")).to_contain_text("denied")
    assert state_of(seeded, other) is OrderState.DENIED
    assert state_of(seeded, duplicate) is OrderState.HELD


def test_a_hold_is_released_with_a_reason(desk: Any, seeded: Vesterholt) -> None:
    held = seeded.order_ids["duplicate"]
    with desk(seeded.first) as seen:
        place = seen.page.locator(f"#held-{held}")
        place.get_by_role("button", name="Release hold").click()
        expect(seen.page.locator("#holds > .banner.bad")).to_contain_text("A reason is needed")
        place.get_by_label(re.compile("Reason, kept")).fill("Called the payee back")
        place.get_by_role("button", name="Release hold").click()
        expect(seen.page.locator("#holds .banner.ok")).to_contain_text("The hold is released")
        expect(place).to_have_count(0)
    assert state_of(seeded, held) is OrderState.AWAITING_APPROVAL
    with tenant(seeded.tenant_id):
        found = dossier(held)
    assert found is not None
    left = (found.holds[0].closed_by, found.holds[0].reason)
    assert left == (seeded.first.name, "Called the payee back")


def test_by_keyboard_one_after_the_other_and_denied(
    desk: Any, seeded: Vesterholt, disputed: list[UUID]
) -> None:
    with desk(seeded.first, query="?code=held_by_request") as seen:
        page = seen.page
        for key in ("j", "j", "x"):
            page.keyboard.press(key)
        second = page.locator("li[data-row]").nth(1)
        expect(second.locator("input[name=chosen]")).to_be_checked()
        page.keyboard.press("r")
        page.keyboard.type("Never ordered")
        page.keyboard.press("Escape")
        expect(second.get_by_label(re.compile("Reason, kept"))).to_have_value("Never ordered")
        name = second.get_attribute("id") or ""
        second.get_by_role("button", name="Deny").click()
        expect(page.locator("#holds .banner.ok")).to_contain_text("1 payment denied")
        expect(page.locator("li[data-row].cur")).to_have_count(1)
        assert state_of(seeded, UUID(name.removeprefix("held-"))) is OrderState.DENIED


def test_together_with_one_reason(desk: Any, seeded: Vesterholt, disputed: list[UUID]) -> None:
    left = [one for one in disputed if state_of(seeded, one) is OrderState.HELD]
    with desk(seeded.first, query="?code=held_by_request") as seen:
        page = seen.page
        for one in left:
            page.locator(f"input[name=chosen][value^='{one}:']").check()
        button = page.locator("#chosen .btn.pri")
        expect(button).to_have_text(re.compile(rf"Let {len(left)}\s"))
        page.locator("#chosen textarea").fill("The seller took them back")
        button.click()
        expect(page.locator("#holds .banner.ok")).to_contain_text(f"{len(left)} payments let go")
    assert {state_of(seeded, one) for one in left} == {OrderState.AWAITING_APPROVAL}


def test_the_maker_looks_and_decides_nothing(desk: Any, seeded: Vesterholt) -> None:
    with desk(seeded.maker) as seen:
        expect(seen.page.get_by_role("button", name="Release hold")).to_have_count(0)


def test_nothing_held_and_nothing_like_that(seeded: Vesterholt) -> None:
    empty = leaks.customer("NOHOLD", payments=0)
    client = door.signed_in(door.person([empty], [Role.APPROVER]))
    assert "Nothing is held" in client.get("/holds/").content.decode()
    assert "No hold is like that" in client.get("/holds/?code=nonsense").content.decode()
    assert client.get("/holds/?since=yesterday").status_code == 400
