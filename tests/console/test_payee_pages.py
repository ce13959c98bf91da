"""The list of payees and the page of one, asked as a browser asks for them."""

from __future__ import annotations

from uuid import UUID

import pytest
from django.test import Client

from nostro.domain.party import Role
from nostro.storage import listing, parties
from nostro.storage.tenancy import tenant
from tests.console.seed import Vesterholt
from tests.console.test_actions import colleague, entered, text_of


@pytest.fixture(scope="module")
def first(seeded: Vesterholt) -> Client:
    return entered(seeded.email(seeded.first.name), seeded.password)


@pytest.fixture(scope="module")
def maker(seeded: Vesterholt) -> Client:
    return colleague(seeded, [Role.MAKER], "Mia Maker")


def waiting(seeded: Vesterholt) -> tuple[UUID, str, str, str]:
    """A payee with an open payment: his id, number, name, and the payment's number."""
    with tenant(seeded.tenant_id):
        row = listing.payment(seeded.order_ids["waiting"])
        assert row
        found = parties.payee_named(row.payee_number)
        assert found
    return found[0], row.payee_number, found[1], row.number


def test_payees_are_found_by_number_name_and_the_end_of_an_iban(
    seeded: Vesterholt, first: Client
) -> None:
    payee_id, number, name, _ = waiting(seeded)
    with tenant(seeded.tenant_id):
        iban = parties.current_payee_accounts([number])[number].iban
    for q in (number, name[:5].lower(), iban[-6:]):
        assert f"/payees/{payee_id}/" in text_of(first.get("/payees/", {"q": q})), q
    assert "No payee is like that" in text_of(first.get("/payees/", {"q": "nobody at all"}))


def test_the_page_of_a_payee_shows_versions_payments_and_where_to_change_them(
    seeded: Vesterholt, first: Client, maker: Client
) -> None:
    payee_id, number, name, payment = waiting(seeded)
    told = text_of(first.get(f"/payees/{payee_id}/"))
    for word in (name, number, payment, "Account, version by version", "open payments come from"):
        assert word in told
    assert "Change account" not in told
    assert f"/changes/ask/payee_account/?number={number}" in text_of(
        maker.get(f"/payees/{payee_id}/")
    )
    assert first.get(f"/payees/{seeded.change_id}/").status_code == 404


def test_the_form_of_another_account_shows_the_payments_that_it_touches(
    seeded: Vesterholt, maker: Client
) -> None:
    _, number, _, payment = waiting(seeded)
    told = text_of(maker.get("/changes/ask/payee_account/", {"number": number}))
    assert "Open payments that it touches" in told
    assert payment in told
    assert "Can be approved no more" in told
