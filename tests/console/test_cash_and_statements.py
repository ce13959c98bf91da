"""Figures as people read them: every sum in its own currency, every statement with its verdict."""

from __future__ import annotations

from uuid import UUID

import pytest
from django.test import Client
from playwright.sync_api import Browser

from nostro.app import world
from nostro.storage import models
from nostro.storage.pages.cash import cash_position
from nostro.storage.tenancy import tenant
from tests.console.browser import LOOKS, Look, faults, look_at, picture, session
from tests.console.seed import MONDAY, Vesterholt

NOBODYS = UUID(int=7)


@pytest.fixture(scope="module")
def client(seeded: Vesterholt) -> Client:
    found = Client(SERVER_NAME="localhost")
    assert found.login(email=seeded.email(seeded.first.name), password=seeded.password)
    return found


def text(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().replace("\u00a0", " ").split())


@pytest.mark.parametrize("address", ["/", "/cash/"])
def test_currencies_are_never_added_without_a_named_rate(client: Client, address: str) -> None:
    found = text(client, address)
    assert "1,490,114.26" in found  # EUR
    assert "400,000.00" in found  # USD
    assert "1,857,514.26" in found  # EUR and USD, at ...
    assert "0.9185" in found
    assert "20 Nov 2026" in found


def test_each_figure_names_its_statement_and_day(client: Client, seeded: Vesterholt) -> None:
    found = text(client, "/cash/")
    for statement_id in seeded.statement_ids.values():
        assert f"/statements/{statement_id}/" in found
    assert "No statement yet" in found  # The sample account never had one.
    assert "19 Nov" in found  # The dollar account is a bank day behind.


@pytest.mark.parametrize("by", ["entity", "bank", "currency", "nonsense"])
def test_cash_is_grouped_as_asked(client: Client, by: str) -> None:
    assert "1,857,514.26" in text(client, f"/cash/?by={by}")


def test_a_statement_that_does_not_close_says_by_how_much(
    client: Client, seeded: Vesterholt
) -> None:
    found = text(client, f"/statements/{seeded.statement_ids['does_not_close']}/")
    assert "does not close" in found.lower()
    assert "57,552.31" in found  # What its entries sum to, not what would make it close.
    assert "1,250.00" in found
    listed = text(client, "/statements/")
    assert "1 statement does not close" in listed


def test_lines_say_what_explains_them(client: Client, seeded: Vesterholt) -> None:
    found = text(client, f"/statements/{seeded.statement_ids['closes']}/")
    assert f"/payments/{seeded.order_ids['settled']}/" in found
    assert "9000118" in found  # An open item that a customer paid.
    assert "K. Unbekannt" in found  # Nothing explains it.


def test_the_original_file_comes_out_as_it_came_in(client: Client, seeded: Vesterholt) -> None:
    found = text(client, f"/statements/{seeded.statement_ids['closes']}/")
    address = found.split('href="/evidence/')[1].split('"')[0]
    answer = client.get(f"/evidence/{address}")
    assert b"camt.053" in b"".join(getattr(answer, "streaming_content", [answer.content]))
    assert answer["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize(
    ("address", "status"),
    [
        (f"/statements/{NOBODYS}/", 404),
        ("/statements/?account=nonsense", 400),
        ("/statements/?cursor=nonsense", 400),
        (f"/evidence/{NOBODYS}/", 404),
    ],
)
def test_what_does_not_exist_is_said_in_words(client: Client, address: str, status: int) -> None:
    answer = client.get(address)
    assert answer.status_code == status
    assert "What you can do" in answer.content.decode()


@pytest.mark.browser
def test_grouping_changes_in_place_and_back_goes_back(
    chromium: Browser, address: str, seeded: Vesterholt
) -> None:
    state = session(chromium, address, seeded.email(seeded.first.name), seeded.password)
    with look_at(chromium, LOOKS[0], state) as seen:
        seen.page.goto(f"{address}/cash/")
        seen.page.get_by_role("link", name="Currency").click()
        seen.page.wait_for_url("**/cash/?by=currency")
        seen.page.get_by_role("rowheader", name="USD", exact=True).wait_for()
        seen.page.go_back()
        seen.page.get_by_role("rowheader", name="Vesterholt Werke GmbH").wait_for()
        assert not seen.complaints
        assert not seen.refused()


def test_each_account_stands_with_its_balance_its_day_and_what_is_missing(
    client: Client, seeded: Vesterholt
) -> None:
    with tenant(seeded.tenant_id):
        account = models.Account.objects.get(name="Werke operating account")
        case_id = world().ids.new()
        models.Case.objects.create(
            id=case_id, tenant_id=seeded.tenant_id, kind="statement", state="open",
            natural_key=f"gap/{account.id}/2026-11-19/x", sentence="Number 7 is missing.",
            can_do="Ask the bank.", due_at=world().clock.now(), opened_at=world().clock.now(),
        )  # fmt: skip
        (told,) = [one for one in cash_position(MONDAY.date()).accounts if one.id == account.id]
    told_page = client.get("/statements/").content.decode()
    assert "1 gap" in told_page
    assert "nobody said when one comes" in told_page
    assert told.booked is not None
    assert told.booked.amount.grouped() in told_page
    assert f"/statements/{told.booked.statement_id}/" in told_page
    only = client.get("/statements/", {"account": str(account.id)}).content.decode()
    assert f"/cases/{case_id}/" in only
    assert "Number 7 is missing." in only
    with tenant(seeded.tenant_id):
        other = models.Account.objects.exclude(id=account.id).order_by("id")[0]
    elsewhere = client.get("/statements/", {"account": str(other.id)}).content.decode()
    assert f"/cases/{case_id}/" not in elsewhere


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_what_an_account_lacks_can_be_read(
    chromium: Browser, address: str, seeded: Vesterholt, look: Look
) -> None:
    with tenant(seeded.tenant_id):
        account = models.Account.objects.get(name="Werke operating account")
    state = session(chromium, address, seeded.email(seeded.first.name), seeded.password)
    with look_at(chromium, look, state) as seen:
        seen.page.goto(f"{address}/statements/")
        seen.page.get_by_label("Account", exact=True).select_option(str(account.id))
        seen.page.get_by_role("heading", name="What is not here, or in doubt").wait_for()
        assert seen.page.get_by_role("link", name="The case").count() == 1
        picture(seen.page, f"statements-account-{look.name}")
        assert not faults(seen)
        assert not seen.complaints
