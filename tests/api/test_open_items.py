"""Open items for programs: told at once or not at all, told again, read in pages."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from nostro.storage.keys import Scope
from tests import seed
from tests.api import door

READ, WRITE = Scope.OPEN_ITEMS_READ, Scope.OPEN_ITEMS_WRITE


@pytest.fixture(scope="module")
def here(database: str) -> seed.Seeded:
    return seed.customer("OWED", payments=0)


@pytest.fixture(scope="module")
def token(here: seed.Seeded) -> str:
    return door.key(here, [READ, WRITE])


def invoice(document: str, **more: Any) -> dict[str, Any]:
    return {
        "document": document, "customer_number": "K-1", "customer_name": "Kunde", "currency": "EUR",
        "open_amount": "100.00", "due_date": "2026-12-01",
    } | more  # fmt: skip


def body(here: seed.Seeded, *items: dict[str, Any], **more: Any) -> dict[str, Any]:
    whole = {"entity": f"E-{here.code}", "source": "ar", "told_at": "2026-11-20T18:00:00Z"}
    return whole | {"items": list(items)} | more


def test_items_are_told_read_and_told_anew(here: seed.Seeded, token: str) -> None:
    source = str(uuid4())
    terms = {"discount": {"amount": "2.00", "until": "2026-11-25"}, "references": ["PO-9"]}
    first = body(here, invoice("RE-1001", **terms), invoice("RE-1102"), source=source)
    told = door.post(token, "/v1/open-items", first).json()
    assert (told["new"], told["changed"], told["closed"]) == (2, 0, 0)
    later = body(
        here,
        invoice("RE-1001", open_amount="40.00", document_amount="100.00"),
        source=source,
        told_at="2026-11-21T18:00:00Z",
        complete=True,
    )
    told = door.post(token, "/v1/open-items", later).json()
    assert (told["new"], told["changed"], told["closed"]) == (0, 1, 1)
    again = door.post(token, "/v1/open-items", first).json()
    assert (again["older"], again["told_at"]) == (2, "2026-11-20T18:00:00Z")
    (row,) = door.get(token, f"/v1/open-items?source={source}").json()["items"]
    assert row["open_amount"] == {"value": "40.00", "currency": "EUR"}
    assert row["document_amount"] == {"value": "100.00", "currency": "EUR"}
    assert (row["entity"], row["discount"], row["references"]) == (f"E-{here.code}", None, [])
    both = door.get(token, f"/v1/open-items?source={source}&settled=true").json()["items"]
    assert {one["document"] for one in both} == {"RE-1001", "RE-1102"}
    assert door.get(token, f"/v1/open-items/{row['id']}").json() == row


def test_the_same_request_is_answered_the_same(here: seed.Seeded, token: str) -> None:
    asked, key = body(here, invoice("RE-5005")), str(uuid4())
    first = door.post(token, "/v1/open-items", asked, key)
    again = door.post(token, "/v1/open-items", asked, key)
    assert again["Idempotency-Replayed"] == "true"
    assert again.json() == first.json()
    assert first.json()["new"] == 1


@pytest.mark.parametrize(
    ("wrong", "code", "field"),
    [
        ({"open_amount": "-1.00"}, "sign_and_kind", "items[1].open_amount"),
        ({"open_amount": "1.001"}, "amount_too_fine", "items[1].open_amount"),
        (
            {"discount": {"amount": "100.00", "until": "2026-12-01"}},
            "discount_larger",
            "items[1].discount.amount",
        ),
        ({"document_amount": "99.00"}, "more_open_than_due", "items[1].document_amount"),
        ({"payer_iban": "DE00"}, "invalid_iban", "items[1].payer_iban"),
        ({"document": "RE-7007"}, "item_told_twice", "items[1]"),
    ],
)
def test_one_wrong_item_and_none_is_taken(
    here: seed.Seeded, token: str, wrong: dict[str, Any], code: str, field: str
) -> None:
    asked = body(here, invoice("RE-7007"), invoice("RE-7108") | wrong)
    told = door.post(token, "/v1/open-items", asked)
    problem = door.is_problem(told, 422, code)
    assert problem["field"] == field
    assert door.get(token, "/v1/open-items?document=RE-7007").json()["items"] == []


def test_an_unknown_entity_is_named(here: seed.Seeded, token: str) -> None:
    told = door.post(token, "/v1/open-items", body(here, invoice("RE-1"), entity="NOBODY"))
    assert door.is_problem(told, 422, "entity_unknown")["field"] == "entity"


def test_an_amount_as_a_json_number_is_refused(here: seed.Seeded, token: str) -> None:
    told = door.post(token, "/v1/open-items", body(here, invoice("RE-1", open_amount=1.5)))
    assert told.status_code == 422


def test_who_may_only_read_tells_nothing(here: seed.Seeded) -> None:
    told = door.post(door.key(here, [READ]), "/v1/open-items", body(here, invoice("RE-1")))
    door.is_problem(told, 403, "scope_missing")


def test_there_is_no_item_of_another_id(here: seed.Seeded, token: str) -> None:
    assert door.get(token, f"/v1/open-items/{uuid4()}").status_code == 404


def test_nothing_more_is_open_in_an_entity(here: seed.Seeded, token: str) -> None:
    source = str(uuid4())
    door.post(token, "/v1/open-items", body(here, invoice("RE-9001"), source=source))
    later = body(here, source=source, complete=True, told_at="2026-11-21T18:00:00Z")
    assert door.post(token, "/v1/open-items", later).json()["closed"] == 1
    assert door.get(token, f"/v1/open-items?source={source}").json()["items"] == []
