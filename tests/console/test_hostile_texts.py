"""Hostile texts in every field: nothing runs, nothing becomes part of a page, nothing is reported.

Chromium looks at every page of the console while each text of the database is an attack. What the
content security policy refuses is reported to our own collector: it must stay empty.
"""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from playwright.sync_api import Browser, Page

from nostro.app import world
from nostro.console.views import browser_reports as view
from nostro.domain.party import Role
from nostro.storage import browser_reports, people
from nostro.storage.audit_trail import TrailFilter, trail
from nostro.storage.tenancy import tenant
from tests.api import door
from tests.console import hostile
from tests.console.browser import LOOKS, look_at, picture, session
from tests.console.hostile import CANARY, COMPUTED
from tests.console.seed import Vesterholt
from tests.console.test_actions import entered, text_of
from tests.console.test_pages import PAGES
from tests.security.test_other_customers_ids import addresses, fields_of_forms

pytestmark = [pytest.mark.browser]
EMAIL = "everything@vesterholt.example"
# Signing out would end the visit; these begin something elsewhere.
ONE_BY_ONE = {
    "/payments/": ("q", "payee", "currency", "from", "least", "cursor"),
    "/audit/": ("who", "address", "object", "from"),
    "/files/": ("q", "state"),
    "/cases/": ("q",),
    "/stops/": ("payee", "scope"),
}
NOT_VISITED = {"/sign-out/", "/sign-in/passkey/", "/sign-in/company/back/"}


@pytest.fixture(scope="module")
def person(seeded: Vesterholt) -> str:
    """Somebody with every right, so that every page shows all that it can."""
    now = world().clock.now()
    for email in (EMAIL, f"second-{EMAIL}"):  # Who asks for a change needs somebody to agree.
        person_id = world().ids.new()
        people.create_person(person_id, email=email, name="Eve", password=door.PASSWORD, now=now)
        with tenant(seeded.tenant_id):
            people.grant(world().ids.new(), person_id, tuple(Role))
    return EMAIL


@pytest.fixture(scope="module")
def filled(seeded: Vesterholt, person: str) -> dict[str, int]:
    """What people ask for first by the forms, canaries and all; then every text of the rest."""
    pages = entered(person, door.PASSWORD)
    asked = {"reason": CANARY, "name": CANARY[:60], "text": CANARY}
    for path, own in {
        "/stops/set/": {"scope": "customer"},
        "/invitations/": {"email": "mallory@example.com", "role": "maker"},
        "/changes/ask/api_key/": {"owner": person, "scopes": "payments:read", "days": "9"},
        "/payments/views/": {"query": "?state=held", "name": "held"},
        f"/files/{seeded.file_ids['Werke US dollar account']}/said/": {
            "kind": "bank_has_it", "told_by": CANARY[:200],
        },
    }.items():  # fmt: skip
        assert pages.post(path, {**asked, **own}).status_code in (200, 302), path
    return hostile.fill(seeded.tenant_id)


@pytest.fixture(scope="module")
def no_reports() -> Iterator[None]:
    cache.delete("browser_reports")
    view._limiter.forget()
    yield
    cache.delete("browser_reports")


def test_every_text_column_is_free_or_a_code(seeded: Vesterholt) -> None:
    assert not hostile.neither_free_nor_code()


def test_no_page_runs_what_is_written_anywhere(
    chromium: Browser, address: str, seeded: Vesterholt, person: str, filled: Any, no_reports: None
) -> None:
    assert sum(1 for rows in filled.values() if rows) > 60
    pages = entered(person, door.PASSWORD)
    state = session(chromium, address, person, door.PASSWORD)
    found, with_canary = [], 0
    with look_at(chromium, LOOKS[0], state) as seen:
        seen.page.add_init_script("window.canaries = 0; window.canary = () => window.canaries++")
        for path in visited(pages, seeded):
            seen.page.goto(address + path, wait_until="load")
            with_canary += CANARY[:40] in seen.page.inner_text("body")
            told = [*hostile.executable(seen.page), *seen.refused(), *seen.complaints]
            told += [f"computed {COMPUTED}"] * (COMPUTED in seen.page.content())
            found += [f"{path}: {one}" for one in told]
            seen.complaints.clear()
        picture(seen.page, "hostile")
        assert not found, "\n".join(found[:20])
        assert with_canary > 20
        assert browser_reports.read().total == 0
        _violate(seen.page)
        _wait_for_report(seen.page)
    (one,) = browser_reports.read().kinds
    assert one.refusal.directive.startswith("script-src")
    assert one.refusal.blocked == "inline"


def _violate(page: Page) -> None:
    """What an attacker would do who got an element into a page: it does not run, and it is told."""
    page.evaluate(
        """() => { const s = document.createElement("script");
        s.textContent = "window.canaries = 99"; document.body.append(s) }"""
    )
    assert page.evaluate("window.canaries") == 0


def _wait_for_report(page: Page) -> None:
    """The browser sends it by itself, soon."""
    for _ in range(300):
        if browser_reports.read().total:
            return
        page.wait_for_timeout(100)


def visited(pages: Client, seeded: Vesterholt) -> list[str]:
    """The pages of the other tests, and every address that is a page by itself."""
    found = [path(seeded) for path in PAGES.values()]
    found += [f"/changes/ask/{name}/" for name in ("membership", "api_key", "payee_account")]
    for one in addresses():
        if one.names or one.path in NOT_VISITED or one.path.startswith("/v1/"):
            continue
        answer = pages.get(one.path)
        if answer.status_code == 200 and "text/html" in answer["Content-Type"]:
            found.append(one.path)
    with tenant(seeded.tenant_id):
        seen: dict[str, str] = {}
        for row in trail(TrailFilter(), limit=200).rows:
            seen.setdefault(row.event.type, f"/audit/{row.event.id}/")
    return list(dict.fromkeys([*found, *seen.values()]))


class Broken(HTMLParser):
    """Elements and attributes that only a canary can have made."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            address = name in ("href", "src", "action", "formaction") or name.startswith("hx-")
            runs = address and (value or "").strip().lower().startswith("javascript:")
            if name.startswith("on") or runs or (tag, name, value) == ("img", "src", "x"):
                self.found.append(f"{tag} {name}={value}")


def broken(text: str) -> list[str]:
    parser = Broken()
    parser.feed(text)
    return parser.found


@pytest.mark.parametrize("sent", [CANARY, "javascript:canary()", "//evil.example/canary"])
def test_what_is_asked_for_is_not_echoed_as_code(
    seeded: Vesterholt, person: str, filled: Any, sent: str
) -> None:
    """Every name of every form, in questions and in forms that are refused."""
    pages = entered(person, door.PASSWORD)
    found, echoed = [], 0
    for answer, asked in answers_to(pages, sent):
        if "text/html" in answer.get("Content-Type", "") and not answer.streaming:
            text = text_of(answer)
            echoed += "canary" in text
            found += [f"{asked}: {told}" for told in broken(text)]
            found += [f"{asked}: computed"] * (COMPUTED in text)
        assert not answer.get("Location", "").startswith(("javascript:", "//")), asked
    assert not found, "\n".join(found[:20])
    assert echoed


def answers_to(pages: Client, sent: str) -> Iterator[tuple[Any, str]]:
    """Each page asked by all names at once and by those of its own filters one by one."""
    names = fields_of_forms()
    for one in addresses():
        if one.names or one.path in NOT_VISITED or one.path.startswith(("/v1/", "/sign-")):
            continue
        yield pages.get(one.path, dict.fromkeys(names, sent)), f"GET {one.path}"
        yield pages.post(one.path, dict.fromkeys(names, sent)), f"POST {one.path}"
        for name in ONE_BY_ONE.get(one.path, ()):
            yield pages.get(one.path, {name: sent}), f"GET {one.path}?{name}"


def test_the_look_finds_what_is_not_escaped(chromium: Browser) -> None:
    """Else all of the above would prove nothing."""
    assert broken(f"<p>{CANARY}</p>")
    assert broken("<a href=' javascript:canary()'>x</a>")
    assert not broken("<a href='/x' title='javascript:canary()'>javascript:</a>")
    with look_at(chromium, LOOKS[0]) as seen:
        seen.page.add_init_script("window.canaries = 0; window.canary = () => window.canaries++")
        seen.page.goto("about:blank")
        seen.page.set_content(f"<p>{CANARY}</p><a href='javascript:canary()'>x</a>")
        assert len(list(hostile.executable(seen.page))) >= 4
