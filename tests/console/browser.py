"""A page as a person and an inspector see it: sign-in, the browser's reports, axe, pictures."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import msgspec
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, ViewportSize

PICTURES = os.environ.get("NOSTRO_SCREENSHOTS", "")  # The folder of the pictures; none by default.
# Written before any script of the page runs: what the content security policy refused.
_REPORTS = """
window.refused = [];
addEventListener("securitypolicyviolation",
  e => window.refused.push(`${e.violatedDirective} ${e.blockedURI} ${e.sample}`));
"""


class Look(msgspec.Struct, frozen=True):
    """How a page is looked at."""

    name: str
    scheme: Literal["light", "dark"]
    width: int
    height: int

    @property
    def viewport(self) -> ViewportSize:
        return {"width": self.width, "height": self.height}


LOOKS = (
    Look("light", "light", 1440, 900),
    Look("dark", "dark", 1440, 900),
    Look("390", "light", 390, 844),
)


class Watched(msgspec.Struct):
    """A page with everything the browser complained about."""

    page: Page
    complaints: list[str]

    def refused(self) -> list[str]:
        return list(self.page.evaluate("window.refused"))


@contextmanager
def look_at(
    browser: Browser, look: Look, state: dict[str, Any] | None = None, **options: Any
) -> Iterator[Watched]:
    """A browser of its own with this look; `state` is a signed-in session."""
    context = browser.new_context(
        color_scheme=look.scheme,
        viewport=look.viewport,
        reduced_motion="reduce",
        storage_state=state,  # type: ignore[arg-type]
        **options,
    )
    context.add_init_script(_REPORTS)
    page = context.new_page()
    watched = Watched(page, [])

    def heard(message: ConsoleMessage) -> None:
        # The status of the page itself is what a test of an error page asks for.
        own_status = message.text.startswith("Failed to load resource") and (
            message.location.get("url") == page.url
        )
        if message.type in ("error", "warning") and not own_status:
            watched.complaints.append(message.text)

    page.on("console", heard)
    page.on("pageerror", lambda error: watched.complaints.append(str(error)))
    page.set_default_timeout(45_000)
    try:
        yield watched
    finally:
        context.close()


def sign_in(page: Page, address: str, email: str, password: str) -> None:
    page.goto(f"{address}/sign-in/")
    page.get_by_label("Work email").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()


def session(browser: Browser, address: str, email: str, password: str) -> Any:
    """Cookies of a person who signed in as people do."""
    with look_at(browser, LOOKS[0]) as seen:
        sign_in(seen.page, address, email, password)
        seen.page.wait_for_url(f"{address}/")
        return seen.page.context.storage_state()


def picture(page: Page, name: str) -> None:
    """Draw the page for people to look at, when NOSTRO_SCREENSHOTS names a folder."""
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


def faults(seen: Watched) -> list[str]:
    """Everything wrong with the page as it stands: axe, the browser's reports, its width."""
    found = [
        f"axe {violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in Axe().run(seen.page).response["violations"]
        for node in violation["nodes"]
    ]
    found += [f"refused by the policy: {refused}" for refused in seen.refused()]
    found += [f"console: {complaint}" for complaint in seen.complaints]
    wide = seen.page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return found + ([f"scrolls sideways by {wide} px"] if wide > 0 else [])
