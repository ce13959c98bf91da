"""The pages of customers who owe: the list, one with what is open, his family, and how he paid."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser

from nostro.app import world
from nostro.domain.debtor import Debtor
from nostro.domain.event import Actor
from nostro.storage import models, open_item_listing, parties
from nostro.storage.open_item_listing import ItemsWanted, OpenItemRow
from nostro.storage.tenancy import tenant
from nostro.workflows.context import Acting
from nostro.workflows.debtors import take_debtors
from tests.console.browser import LOOKS, Look, faults, look_at, picture, session
from tests.console.seed import Vesterholt
from tests.console.test_actions import entered, text_of

LIST = "/open-items/customers/"
PARENT = "G-9000"


@pytest.fixture(scope="module")
def told(seeded: Vesterholt) -> tuple[OpenItemRow, OpenItemRow]:
    """The master data of one who paid and of another who owes, and of the group that they belong
    to; an item of each."""
    acting = Acting(
        world=world(), tenant_id=seeded.tenant_id, actor=Actor(kind="system", id="", name="a test")
    )
    with tenant(seeded.tenant_id):
        rows = open_item_listing.items(ItemsWanted(settled=True)).rows
        paid = next(row for row in rows if not row.open_amount.minor)
        owes = next(
            row
            for row in rows
            if row.open_amount.minor > 0
            and row.entity_code == paid.entity_code
            and row.customer_number != paid.customer_number
        )
        children = [
            Debtor(
                number=row.customer_number,
                name=row.customer_name,
                parent_number=PARENT,
                ibans=("NL91ABNA0417164300",),
            )
            for row in (paid, owes)
        ]
        group = Debtor(
            number=PARENT,
            name="Group and Sons Holding",
            ibans=("DE02100100100006820101", "NL91ABNA0417164300"),
            further_names=("Group Treasury Services",),
        )
        take_debtors(acting, paid.entity_code, [*children, group], source="erp", told_at=None)
    return paid, owes


@pytest.fixture(scope="module")
def first(seeded: Vesterholt) -> Client:
    return entered(seeded.email(seeded.first.name), seeded.password)


@pytest.fixture(scope="module")
def pages(seeded: Vesterholt, told: tuple[OpenItemRow, OpenItemRow]) -> dict[str, str]:
    """The page of each by his number; read before a browser runs in this thread."""
    with tenant(seeded.tenant_id):
        rows = models.Debtor.objects.values_list("number", "id")
        return {number: f"{LIST}{debtor_id}/" for number, debtor_id in rows}


def test_the_list_finds_by_number_parent_and_entity(
    seeded: Vesterholt, first: Client, told: tuple[OpenItemRow, OpenItemRow]
) -> None:
    paid, owes = told
    text = text_of(first.get(LIST))
    assert all(one in text for one in (PARENT, paid.customer_number, owes.customer_number))
    text = text_of(first.get(LIST, {"parent": PARENT}))
    assert owes.customer_number in text
    assert "Group and Sons" not in text
    assert "No customer is like that" in text_of(first.get(LIST, {"number": "nobody"}))
    with tenant(seeded.tenant_id):
        other = next(row.code for row in parties.entities() if row.code != paid.entity_code)
    assert PARENT not in text_of(first.get(LIST, {"entity": other}))
    assert LIST in first.get("/open-items/").content.decode()


def test_one_shows_what_is_open_and_who_pays_for_whom(
    seeded: Vesterholt, first: Client, told: tuple[OpenItemRow, OpenItemRow], pages: dict[str, str]
) -> None:
    paid, owes = told
    text = text_of(first.get(pages[owes.customer_number]))
    assert owes.document in text
    assert "Group and Sons Holding" in text
    assert "No line of his was matched" in text
    group = first.get(pages[PARENT])
    text = text_of(group)
    assert "Group Treasury Services" in text
    assert "Nothing of his is open" in text
    links = re.findall(rf'href="({LIST}[0-9a-f-]{{36}}/)"', group.content.decode())
    assert set(links) == {pages[one.customer_number] for one in (paid, owes)}


def test_how_he_paid_is_read_from_the_lines_that_were_matched(
    seeded: Vesterholt, first: Client, told: tuple[OpenItemRow, OpenItemRow], pages: dict[str, str]
) -> None:
    paid, _ = told
    with tenant(seeded.tenant_id):
        lines = open_item_listing.paid_by([paid.id])[paid.id]
    text = text_of(first.get(pages[paid.customer_number]))
    assert all((line.payer or "No name given") in text for line in lines)
    assert "Does not name it" in text or "Says so too" in text


def test_another_id_is_nobody(first: Client) -> None:
    assert first.get(f"{LIST}{world().ids.new()}/").status_code == 404


@pytest.mark.browser
@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_how_they_look(
    chromium: Browser,
    address: str,
    seeded: Vesterholt,
    told: tuple[OpenItemRow, OpenItemRow],
    pages: dict[str, str],
    look: Look,
) -> None:
    state: Any = session(chromium, address, seeded.email(seeded.first.name), seeded.password)
    paid, owes = told
    places = {
        "list": LIST,
        "parent": pages[PARENT],
        "paid": pages[paid.customer_number],
        "owes": pages[owes.customer_number],
    }
    with look_at(chromium, look, state) as seen:
        for name, place in places.items():
            seen.page.goto(address + place, wait_until="load")
            seen.page.evaluate("document.fonts.ready")
            picture(seen.page, f"customers-{name}-{look.name}")
            assert not faults(seen), name
