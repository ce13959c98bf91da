"""Customers who owe, for programs: told at once or not at all, told anew, read in pages."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from nostro.storage.keys import Scope
from tests import seed
from tests.api import door

READ, WRITE = Scope.OPEN_ITEMS_READ, Scope.OPEN_ITEMS_WRITE
IBANS = ["DE02 1001 0010 0006 8201 01", "NL91ABNA0417164300"]


@pytest.fixture(scope="module")
def here(database: str) -> seed.Seeded:
    return seed.customer("OWES", payments=0)


@pytest.fixture(scope="module")
def token(here: seed.Seeded) -> str:
    return door.key(here, [READ, WRITE])


def body(here: seed.Seeded, *told: dict[str, Any], **more: Any) -> dict[str, Any]:
    whole = {"entity": f"E-{here.code}", "source": "ar", "told_at": "2026-11-20T18:00:00Z"}
    return whole | {"customers": list(told)} | more


def test_customers_are_told_read_and_told_anew(here: seed.Seeded, token: str) -> None:
    child, parent = f"C-{uuid4()}", f"P-{uuid4()}"
    whole = body(
        here,
        {"number": child, "name": "Child", "parent_number": parent},
        {"number": parent, "ibans": IBANS, "further_names": ["Group Treasury"]},
    )
    told = door.post(token, "/v1/customers", whole).json()
    assert (told["new"], told["changed"], told["older"]) == (2, 0, 0)
    told = door.post(token, "/v1/customers", whole).json()
    assert (told["new"], told["changed"], told["older"]) == (0, 0, 2)
    (one,) = door.get(token, f"/v1/customers?number={parent}").json()["items"]
    assert one["ibans"] == [IBANS[0].replace(" ", ""), IBANS[1]]
    assert one["further_names"] == ["Group Treasury"]
    (paid_for,) = door.get(token, f"/v1/customers?parent={parent}").json()["items"]
    assert paid_for["number"] == child
    assert door.get(token, f"/v1/customers/{paid_for['id']}").json() == paid_for
    later = body(here, {"number": parent}, told_at="2026-11-21T18:00:00Z")
    assert door.post(token, "/v1/customers", later).json()["changed"] == 1
    (one,) = door.get(token, f"/v1/customers?number={parent}").json()["items"]
    assert (one["ibans"], one["further_names"]) == ([], [])
    assert door.get(token, f"/v1/customers/{uuid4()}").status_code == 404


def test_the_list_goes_on_by_its_cursor(here: seed.Seeded, token: str) -> None:
    source = str(uuid4())
    numbers = [f"{source}-{place:02}" for place in range(7)]
    told = body(here, *({"number": one, "parent_number": source} for one in reversed(numbers)))
    assert door.post(token, "/v1/customers", told).json()["new"] == 7
    found, cursor = [], ""
    while True:
        address = f"/v1/customers?parent={source}&limit=3&cursor={cursor}"
        page = door.get(token, address).json()
        found += [one["number"] for one in page["items"]]
        cursor = page["next"]
        if not cursor:
            break
    assert found == numbers


@pytest.mark.parametrize(
    ("wrong", "code", "field"),
    [
        ({"ibans": ["NL91ABNA0417164300", "DE00"]}, "invalid_iban", "customers[1].ibans[1]"),
        ({"number": "C-707"}, "debtor_told_twice", "customers[1]"),
        ({"parent_number": "C-808"}, "debtor_own_parent", "customers[1].parent_number"),
    ],
)
def test_one_wrong_customer_and_none_is_taken(
    here: seed.Seeded, token: str, wrong: dict[str, Any], code: str, field: str
) -> None:
    asked = body(here, {"number": "C-707"}, {"number": "C-808"} | wrong)
    problem = door.is_problem(door.post(token, "/v1/customers", asked), 422, code)
    assert problem["field"] == field
    assert door.get(token, "/v1/customers?number=C-707").json()["items"] == []


def test_an_unknown_entity_is_named(here: seed.Seeded, token: str) -> None:
    told = door.post(token, "/v1/customers", body(here, {"number": "C-1"}, entity="NOBODY"))
    assert door.is_problem(told, 422, "entity_unknown")["field"] == "entity"


def test_who_may_only_read_tells_nothing(here: seed.Seeded) -> None:
    told = door.post(door.key(here, [READ]), "/v1/customers", body(here, {"number": "C-1"}))
    assert told.status_code == 403
