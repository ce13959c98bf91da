"""The page of how sure the matcher is: what is said, what came of it, and who may change what."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser

from nostro.app import world
from nostro.domain.money import Money
from nostro.domain.party import Role
from nostro.matching import refitting
from nostro.matching.refitting import Judged
from nostro.matching.stages.confidence import TARGET
from nostro.storage import match_models
from nostro.storage.match_models import Fitted
from nostro.storage.tenancy import tenant
from tests.console.browser import LOOKS, Look, faults, look_at, picture, session
from tests.console.seed import Vesterholt
from tests.console.test_actions import colleague, entered, text_of

PAGE = "/reconcile/how-sure/"
# Class, how sure it was said to be, judged, right.
CLASSES = (
    ("exact/full/name/sole/once/clear", 999_700, 6_000, 5_999),
    ("discount/full/iban/sole/once/clear", 980_000, 640, 640),
    ("partial/full/iban/two/once/round", 900_000, 40, 12),
    *((f"exact/none/name/{n}/{r}/{d}", 700_000, 3, 2) for n in ("sole", "two", "several")
      for r in ("once", "repeat") for d in ("clear", "round", "equal", "twin")),
)  # fmt: skip


@pytest.fixture(scope="module")
def learnt(seeded: Vesterholt) -> Fitted:
    """A model as a fit makes it of these judgements, kept for the customer."""
    judged = [
        Judged(
            evidence_class=name,
            probability_millionths=said,
            amount=Money(100_00 + place, "EUR"),
            right=place < right,
        )
        for name, said, count, right in CLASSES
        for place in range(count)
    ]
    now = world().clock.now()
    one = Fitted(
        version=1,
        fitted_at=now,
        target_millionths=TARGET,
        judged=len(judged),
        right=sum(each.right for each in judged),
        since=now - timedelta(days=90),
        until=now,
        calibration=refitting.calibration(judged),
        model=refitting.fitted(judged, TARGET),
    )
    with tenant(seeded.tenant_id):
        match_models.add(world().ids.new(), one, now)
    return one


def test_before_anything_was_judged_the_prior_is_told(seeded: Vesterholt) -> None:
    client = entered(seeded.email(seeded.first.name), seeded.password)
    told = text_of(client.get(PAGE))
    assert "Nobody has judged anything yet" in told
    assert "99.9%" in told
    assert PAGE in client.get("/reconcile/").content.decode()


def test_said_right_and_range_of_every_class_are_told(seeded: Vesterholt, learnt: Fitted) -> None:
    client = entered(seeded.email(seeded.first.name), seeded.password)
    told = text_of(client.get(PAGE))
    assert f"learnt from {learnt.judged:,} decisions, {learnt.right:,} of them right" in told
    assert "5,999 of 6,000" in told
    # Wilson's bounds of 12 of 40, by hand: 18.07 % and 45.43 %.
    assert "18.07% and 45.43%" in told
    assert "Was too sure" in told
    assert "Was kept" in told
    assert "administrator" in told


def test_all_classes_are_reached_by_pages_each_once(seeded: Vesterholt, learnt: Fitted) -> None:
    client = entered(seeded.email(seeded.first.name), seeded.password)
    first = client.get(PAGE).content.decode()
    (later,) = re.findall(r'href="(\?cursor=[^"]+)"', first)
    second = client.get(PAGE + later).content.decode()
    rows = [one.count('<td class="two" data-label="Counts by itself">') for one in (first, second)]
    assert rows == [15, len(CLASSES) - 15]
    assert "Next" not in second.split("By evidence")[1].split("</section>")[0]
    assert first.count("5,999 of 6,000") == 2  # Its class, and the step that it alone is in.
    assert "of 6,000" not in second.split("By evidence")[1]
    assert client.get(PAGE, {"cursor": "xx"}).status_code == 400


def test_only_who_may_ask_has_the_button(seeded: Vesterholt) -> None:
    assert not asks(entered(seeded.email(seeded.first.name), seeded.password))
    administrator = colleague(seeded, [Role.ADMINISTRATOR], "Ada Administrator")
    assert asks(administrator)


def asks(client: Client) -> bool:
    return "/changes/ask/match_precision/" in client.get(PAGE).content.decode()


@pytest.mark.browser
@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_how_it_looks(
    chromium: Browser, address: str, seeded: Vesterholt, learnt: Fitted, look: Look
) -> None:
    state: Any = session(chromium, address, seeded.email(seeded.first.name), seeded.password)
    with look_at(chromium, look, state) as seen:
        seen.page.goto(address + PAGE, wait_until="load")
        seen.page.evaluate("document.fonts.ready")
        picture(seen.page, f"how-sure-{look.name}")
        assert not faults(seen)
