"""Candidates are found by their keys through the wall: an index answers, whatever is open."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django.db import connections

from nostro.domain.money import Money
from nostro.domain.open_item import OpenItem
from nostro.matching import item_keys
from nostro.matching.item_keys import KeyKind
from nostro.storage import candidates, models, open_items, queries
from nostro.storage.open_items import Telling
from nostro.storage.tenancy import tenant
from tests.workflows.company import Company

COUNT = 3_000


def owed(company: Company, count: int = COUNT) -> UUID:
    """Open items of 100 customers; the id of their entity."""
    items = [
        OpenItem(
            id="", entity_code="DE", document=f"RE-{number:07}", open_amount=Money(100, "EUR"),
            customer_number=f"K{number % 100}", customer_name=f"Kunde Nummer {number % 100}",
            due_date=date(2026, 11, 30), payer_iban="", parent_number="KP",
        )
        for number in range(count)
    ]  # fmt: skip
    with tenant(company.tenant_id):
        told = Telling(source="erp", told_at=company.world.clock.now())
        open_items.take(told, items, company.world.ids.new)
        found: UUID = models.LegalEntity.objects.get(code="DE").id
    with connections["owner"].cursor() as cursor:
        cursor.execute("ANALYZE open_item, open_item_key, payer_key")
    return found


def test_items_are_found_by_their_numbers_and_payers_by_their_names(company: Company) -> None:
    entity_id = owed(company, 300)
    key = (KeyKind.DIGITS, 123)
    name = (KeyKind.NAME, item_keys.of_text("KUNDE NUMMER 7"))
    with tenant(company.tenant_id):
        long = (KeyKind.LETTERS, item_keys.of_text("RE0000123"))
        (found,) = candidates.named(entity_id, [key, long])[long]
        assert candidates.payers(entity_id, [name]) == {name: ["K7"]}
        assert len(candidates.children(entity_id, ["KP"])["KP"]) == candidates.SAME_KEY_MOST
        mine = candidates.load(candidates.of_customers(entity_id, {"K7": {100}}))
        assert {one.customer_number for one in mine} == {"K7"}
        assert [one.document for one in candidates.load([found.id])] == ["RE-0000123"]


def test_nothing_is_found_of_another_entity(company: Company) -> None:
    owed(company, 10)
    with tenant(company.tenant_id):
        other = models.LegalEntity.objects.get(code="NL").id
        asked = [(KeyKind.LETTERS, item_keys.of_text("RE0000003"))]
        assert candidates.named(other, asked) == {}


def test_row_level_security_does_not_keep_the_index_from_answering(company: Company) -> None:
    """Equality of whole numbers and ids is leakproof; of arrays it would not be."""
    entity_id = owed(company)
    text = queries.text("named_items")
    with tenant(company.tenant_id), connections["default"].cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("nostro_app",)
        told: dict[str, Any] = {
            "tenant_id": company.tenant_id, "entity_id": entity_id, "most": 50,
            "kinds": [KeyKind.LETTERS.value] * 20,
            "keys": [item_keys.of_text(f"RE{number:07}") for number in range(20)],
        }  # fmt: skip
        cursor.execute(f"EXPLAIN {text}", told)
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "open_item_key_once" in plan
    assert "Seq Scan" not in plan
