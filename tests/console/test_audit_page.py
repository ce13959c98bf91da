"""The log in a browser: is it whole, who changed what from what, and what an outsider takes."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from html import unescape
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connections
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from nostro import verifier
from nostro.app import configuration, world
from nostro.domain.event import Actor, Event, Origin
from nostro.domain.party import Grant, Role
from nostro.ops import checkpoint_places, checkpoints, sealing
from nostro.storage import audit_trail, events, journals, people
from nostro.storage.audit_trail import TrailFilter
from nostro.storage.paging import every
from nostro.storage.tenancy import tenant
from nostro.workflows import log_verification
from nostro.workflows.context import job_for
from tests.api import door
from tests.console.browser import LOOKS, Look, faults, look_at, picture, session
from tests.console.seed import MONDAY, Vesterholt, set_clock
from tests.console.test_actions import entered, text_of

pytestmark = [pytest.mark.browser]
MIRA = Actor(kind="person", id="01a206ea-361d-7740-9efc-fd3aeee2062e", name="Mira Keller")
CHANGED = {
    "before": {"iban": "FR7630006000011234567890189", "bic": "AGRIFRPP", "name": "Pelletane SARL"},
    "after": {"iban": "FR1420041010050500013M02606", "bic": "PSSTFRPP", "name": "Pelletane SARL"},
    "number": "V-1001",
}


class Audited:
    """The customer's log, sealed and signed, and the entries that a test looks at."""

    def __init__(self, seeded: Vesterholt) -> None:
        self.seeded = seeded
        self.changed = self._record("payee_change.account_changed", "payee", CHANGED)
        self.moved = self._newest("order.moved")
        self.built = self._newest("submission.built")

    def _record(self, kind: str, about: str, data: dict[str, Any]) -> UUID:
        event = Event(
            id=str(world().ids.new()), type=kind, subject_kind=about, subject_id=str(uuid4()),
            actor=MIRA, occurred_at=world().clock.now(), data=data,
            origin=Origin(
                on_behalf_of=Actor(kind="person", id=str(uuid4()), name="Ada Absent"),
                reason="Letter of 18 November, checked by phone",
                trace_id="4bf92f3577b34da6a3ce929d0e0e4736", source_address="10.20.30.40",
            ),
        )  # fmt: skip
        with tenant(self.seeded.tenant_id):
            events.record([event])
        return UUID(event.id)

    def _newest(self, kind: str) -> UUID:
        with tenant(self.seeded.tenant_id):
            return audit_trail.trail(TrailFilter(types=(kind,)), limit=1).rows[0].id


def signed_now() -> None:
    """Seal, sign and export, as the worker does."""
    now, chosen = world().clock.now(), configuration()
    sealing.seal_all(now)
    keys = checkpoint_places.signing_keys(chosen.secrets_home)
    places = checkpoint_places.places(chosen.home, chosen.secrets_home)
    checkpoints.attend(keys, places, now, at_once=True)


@pytest.fixture(scope="module")
def audited(seeded: Vesterholt) -> Audited:
    found = Audited(seeded)
    signed_now()
    set_clock(MONDAY + timedelta(minutes=4))
    assert log_verification.verify(job_for(seeded.tenant_id)).whole
    return found


@pytest.fixture(scope="module")
def auditor(seeded: Vesterholt) -> str:
    (email,) = (one.email for one in seeded.company.data.people if Role.AUDITOR in one.roles)
    return email


@pytest.fixture(scope="module")
def signed_in(chromium: Browser, address: str, seeded: Vesterholt, auditor: str) -> Any:
    return session(chromium, address, auditor, seeded.password)


@pytest.fixture(params=LOOKS, ids=lambda look: look.name)
def seen(
    request: Any, chromium: Browser, signed_in: Any, audited: Audited
) -> Iterator[tuple[Page, Look]]:
    with look_at(chromium, request.param, signed_in) as watched:
        yield watched.page, request.param
        assert not faults(watched)


def shown(page: Page, look: Look, name: str) -> None:
    page.evaluate("document.fonts.ready")
    picture(page, f"{name}-{look.name}")
    assert page.locator("h1").count() == 1


def test_the_log_and_its_standing(seen: tuple[Page, Look], address: str) -> None:
    page, look = seen
    page.goto(f"{address}/audit/")
    expect(page.locator("#standing")).to_contain_text("Whole")
    expect(page.locator("table.log tbody tr")).to_have_count(30)
    expect(page.get_by_text("Log verified").first).to_be_visible()
    shown(page, look, "audit")


def test_before_and_after(seen: tuple[Page, Look], address: str, audited: Audited) -> None:
    page, look = seen
    page.goto(f"{address}/audit/{audited.changed}/")
    expect(page.locator("h1")).to_contain_text("Payee's account changed")
    expect(page.locator("del", has_text=CHANGED["before"]["iban"])).to_be_visible()  # type: ignore[index]
    expect(page.locator("ins", has_text=CHANGED["after"]["iban"])).to_be_visible()  # type: ignore[index]
    for said in ("Ada Absent", "10.20.30.40", "Letter of 18 November", "Counted again, right"):
        expect(page.get_by_text(said).first).to_be_visible()
    shown(page, look, "audit-entry")


def test_an_entry_with_many_facts(seen: tuple[Page, Look], address: str, audited: Audited) -> None:
    page, look = seen
    page.goto(f"{address}/audit/{audited.built}/")
    expect(page.get_by_role("link", name="The file to the bank")).to_be_visible()
    shown(page, look, "audit-entry-facts")


def test_nothing_is_like_that(seen: tuple[Page, Look], address: str) -> None:
    page, look = seen
    page.goto(f"{address}/audit/?who=Nobody&from=2026-11-20&about=order")
    expect(page.get_by_role("heading", name="No entry is like that")).to_be_visible()
    shown(page, look, "audit-nothing")


def test_by_keyboard(chromium: Browser, address: str, signed_in: Any, audited: Audited) -> None:
    with look_at(chromium, LOOKS[0], signed_in) as watched:
        page = watched.page
        page.goto(f"{address}/audit/")
        page.get_by_text("Who, what, when").focus()
        page.keyboard.press("Enter")
        page.get_by_label("About").select_option("payee_change")
        expect(page.locator("table.log tbody tr")).to_have_count(1)
        expect(page).to_have_url(re.compile("/audit/.about=payee_change"))
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        expect(page).to_have_url(f"{address}/audit/{audited.changed}/")
        assert not faults(watched)


@pytest.fixture
def pages(seeded: Vesterholt, auditor: str, audited: Audited) -> Client:
    return entered(auditor, seeded.password)


def ids_on(pages: Client, query: str) -> list[str]:
    """The events of a list, page after page."""
    found: list[str] = []
    while True:
        text = text_of(pages.get(f"/audit/{query}"))
        found += re.findall(r'href="/audit/([0-9a-f-]{36})/"', text)
        older = re.search(r'href="(/audit/[^"]*cursor=[^"]*)"[^>]*>Older', text)
        if older is None:
            return found
        query = unescape(older[1]).removeprefix("/audit/")


def stored(seeded: Vesterholt, fits: Callable[[Event], bool]) -> list[str]:
    with tenant(seeded.tenant_id):
        rows = every(lambda **asked: audit_trail.trail(TrailFilter(), **asked))
        return [row.event.id for row in rows if fits(row.event)]


FILTERS: dict[str, Callable[[Event], bool]] = {
    "?by=people": lambda one: one.actor.kind == "person",
    "?about=submission": lambda one: one.type.startswith("submission."),
    "?about=order&who=hannah": lambda one: (
        one.type.startswith("order.") and "Hannah" in one.actor.name
    ),
    "?who=absent": lambda one: one.origin.on_behalf_of is not None,
    "?address=10.20.": lambda one: one.origin.source_address.startswith("10.20."),
    "?to=2026-11-20&by=people": lambda one: (
        one.occurred_at.date() <= date(2026, 11, 20) and one.actor.kind == "person"
    ),
    "?from=2026-11-21&about=statement": lambda one: (
        one.occurred_at.date() > date(2026, 11, 20) and one.type.startswith("statement.")
    ),
}


@pytest.mark.parametrize("query", FILTERS)
def test_each_filter_finds_exactly_what_it_says(
    pages: Client, seeded: Vesterholt, query: str
) -> None:
    expected = stored(seeded, FILTERS[query])
    assert expected
    assert ids_on(pages, query) == expected


def test_all_about_one_object(pages: Client, seeded: Vesterholt) -> None:
    order_id = seeded.order_ids["settled"]
    expected = stored(seeded, lambda one: one.subject_id == str(order_id))
    assert len(expected) > 3
    assert ids_on(pages, f"?object={order_id}") == expected


def test_a_journal_is_told_by_what_it_books(pages: Client, seeded: Vesterholt) -> None:
    order_id = seeded.order_ids["settled"]
    with tenant(seeded.tenant_id):
        (journal,) = journals.of_order(order_id)
    told = unescape(text_of(pages.get("/audit/?about=journal")))
    assert f"<small>Payment settled: {journal.text}</small>" in told
    assert not re.search(r"<small>[^<]*[0-9a-f]{8}-[0-9a-f]{4}-", told)


@pytest.mark.parametrize(
    "query", ["?from=tomorrow", "?object=4711", "?by=cats", "?about=cats", "?cursor=x"]
)
def test_what_is_no_value_of_a_filter_is_said(pages: Client, query: str) -> None:
    answer = pages.get(f"/audit/{query}")
    assert answer.status_code == 400
    assert "What you can do" in text_of(answer)


NARROW = [[Grant(role=Role.AUDITOR, entity_id=str(uuid4()))], [Grant(role=Role.MAKER)]]


@pytest.mark.parametrize("grants", NARROW, ids=["one entity only", "maker"])
def test_the_log_is_not_for_everybody(
    seeded: Vesterholt, audited: Audited, grants: list[Grant]
) -> None:
    person_id, now = world().ids.new(), world().clock.now()
    people.create_person(
        person_id, email=f"{person_id}@example.com", name="Nora", password=door.PASSWORD, now=now
    )
    with tenant(seeded.tenant_id):
        people.grant_reaching(world().ids.new(), person_id, grants)
    nora = entered(f"{person_id}@example.com", door.PASSWORD)
    before = stored(seeded, lambda one: one.type.startswith("audit."))
    assert 'href="/audit/"' not in text_of(nora.get("/"))
    for path in ("/audit/", f"/audit/{audited.changed}/", "/audit/checkpoints/"):
        answer = nora.get(path)
        assert answer.status_code == 403
        assert "The log is not for Nora to read." in text_of(answer)
    for path in ("/audit/verify/", "/audit/export/"):
        assert nora.post(path).status_code == 403
    assert stored(seeded, lambda one: one.type.startswith("audit.")) == before


def test_what_is_taken_away_is_whole_to_the_verifier(
    pages: Client, seeded: Vesterholt, tmp_path: Path
) -> None:
    log, held = tmp_path / "log.jsonl", tmp_path / "held.jsonl"
    log.write_bytes(pages.post("/audit/export/").getvalue())
    held.write_bytes(pages.get("/audit/checkpoints/").content)
    key = checkpoints.public_key(checkpoint_places.signing_keys(configuration().secrets_home))
    asked = [verifier.__file__, str(log), "--key", key.hex(), "--checkpoints", str(held)]
    told = subprocess.run([sys.executable, *asked], capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout + told.stderr
    whole = re.match(r"WHOLE: (\d+) entries, the last at \1\.\n.*hold: up to \1\.", told.stdout)
    assert whole, told.stdout
    with tenant(seeded.tenant_id):
        last = audit_trail.newest(seeded.tenant_id, "audit.exported")
    assert last
    assert last.actor.name in text_of(pages.get("/audit/?about=audit"))


def test_verified_because_somebody_asked(pages: Client, seeded: Vesterholt) -> None:
    set_clock(MONDAY + timedelta(minutes=6))
    answer = pages.post("/audit/verify/", follow=True)
    assert "being verified since 07:5" in text_of(answer)
    set_clock(MONDAY + timedelta(minutes=7))
    log_verification.verify(job_for(seeded.tenant_id))
    assert "being verified" not in text_of(pages.get("/audit/"))


def test_an_erased_entry_keeps_its_place(pages: Client, audited: Audited) -> None:
    """And the entry that says so explains it to the verification."""
    tenant_id, now = audited.seeded.tenant_id, world().clock.now()
    with tenant(tenant_id):
        assert events.erase([audited.changed], now) == {audited.changed}
        explained = job_for(tenant_id).event(
            "audit.erased", "customer", tenant_id, events=[str(audited.changed)]
        )
        events.record([explained])
    signed_now()
    text = text_of(pages.get(f"/audit/{audited.changed}/"))
    assert "What this entry said was erased" in text
    assert "Counted again, right" in text
    assert CHANGED["after"]["iban"] not in text  # type: ignore[index]
    assert "Mira Keller" not in text
    assert log_verification.verify(job_for(tenant_id)).whole


def test_a_changed_entry_is_shown_as_such_on_every_page(pages: Client, audited: Audited) -> None:
    tenant_id = audited.seeded.tenant_id
    _forge(audited.moved, '{"state_after": "settled"}')
    text = text_of(pages.get(f"/audit/{audited.moved}/"))
    assert "This is not what was sealed here." in text
    assert "Not what was sealed" in text
    set_clock(MONDAY + timedelta(minutes=20))
    assert not log_verification.verify(job_for(tenant_id)).whole
    assert "Somebody changed what was sealed." in text_of(pages.get("/audit/"))
    assert "The log is broken" in text_of(pages.get("/payments/"))


def _forge(event_id: UUID, data: str) -> None:
    """As somebody does who holds the database: its triggers are no hindrance to him."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("ALTER TABLE event DISABLE TRIGGER USER")
        cursor.execute("UPDATE event SET data = %s WHERE id = %s", [data, event_id])
        cursor.execute("ALTER TABLE event ENABLE TRIGGER USER")
