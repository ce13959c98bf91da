"""The page of open items: both figures with their moments, what paid each, and its filters."""

from __future__ import annotations

import pytest
from django.test import Client

from nostro.domain.money import Money
from nostro.storage import open_item_listing, parties
from nostro.storage.open_item_listing import ItemsWanted, OpenItemRow
from nostro.storage.tenancy import tenant
from tests.console.seed import Vesterholt
from tests.console.test_actions import entered, text_of


@pytest.fixture(scope="module")
def first(seeded: Vesterholt) -> Client:
    return entered(seeded.email(seeded.first.name), seeded.password)


def known(seeded: Vesterholt, *, settled: bool) -> list[OpenItemRow]:
    with tenant(seeded.tenant_id):
        rows = open_item_listing.items(ItemsWanted(settled=settled)).rows
    return [row for row in rows if not settled or not row.open_amount.minor]


def test_what_is_open_is_listed_with_both_figures_and_what_is_settled_only_when_asked_for(
    seeded: Vesterholt, first: Client
) -> None:
    opened, settled = known(seeded, settled=False), known(seeded, settled=True)
    assert opened
    assert settled
    told = text_of(first.get("/open-items/"))
    for row in opened:
        assert row.document in told
        assert row.told_amount.grouped() in told
    assert not any(row.document in told for row in settled)
    assert f"{len(opened)} items are open" in told
    told = text_of(first.get("/open-items/", {"settled": "1"}))
    with tenant(seeded.tenant_id):
        paid = open_item_listing.paid_by([row.id for row in settled])
    for row in settled:
        assert row.document in told
        assert sum(one.amount.minor for one in paid[row.id]) == row.told_amount.minor
        assert f"/statements/{paid[row.id][0].statement_id}/" in told


def test_the_sums_are_of_what_is_looked_for_by_currency(seeded: Vesterholt) -> None:
    opened = known(seeded, settled=False)
    day = max(row.due_date for row in opened)
    with tenant(seeded.tenant_id):
        sums = open_item_listing.open_sums(ItemsWanted(), day)
    for one in sums:
        rows = [row for row in opened if row.open_amount.currency == one.amount.currency]
        late = [row for row in rows if row.due_date < day]
        assert one.amount.minor == sum(row.open_amount.minor for row in rows)
        assert (one.count, one.late_count) == (len(rows), len(late))
        assert one.late == Money(sum(row.open_amount.minor for row in late), one.amount.currency)
    assert {one.amount.currency for one in sums} == {row.open_amount.currency for row in opened}


def test_items_are_found_by_customer_document_entity_and_due_day(
    seeded: Vesterholt, first: Client
) -> None:
    rows = known(seeded, settled=False)
    one, last = rows[0], rows[-1]
    with tenant(seeded.tenant_id):
        codes = [row.code for row in parties.entities()]
    for asked in (
        {"customer": one.customer_number},
        {"document": one.document},
        {"due": one.due_date.isoformat()},
    ):
        told = text_of(first.get("/open-items/", asked))
        assert one.document in told, asked
        assert last.document not in told, asked
    other = next(code for code in codes if code != one.entity_code)
    assert one.document not in text_of(first.get("/open-items/", {"entity": other}))
    assert "No item is like that" in text_of(first.get("/open-items/", {"customer": "nobody"}))
    assert first.get("/open-items/", {"due": "soon"}).status_code == 400
