"""Payees for programs: found, read with their versions, and what a change of one would touch."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from nostro.domain.change_request import RequestState
from nostro.domain.party import Role
from nostro.storage import change_requests, parties
from nostro.storage.change_requests import RequestRow
from nostro.storage.keys import Scope
from nostro.storage.tenancy import tenant
from tests import seed
from tests.api import door


@pytest.fixture(scope="module")
def here(database: str) -> seed.Seeded:
    made = seed.customer("PAYEES", payments=2)
    for number in ("P-1", "P-2", "P-3"):
        door.payee(made, number)
    return made


@pytest.fixture(scope="module")
def token(here: seed.Seeded) -> str:
    return door.key(here, [Scope.PAYEES_READ, Scope.PAYMENTS_READ, Scope.ACCESS_READ])


def payee_id(here: seed.Seeded, number: str) -> UUID:
    with tenant(here.tenant_id):
        found = parties.payee_named(number)
    assert found
    return found[0]


def test_payees_come_in_pages(here: seed.Seeded, token: str) -> None:
    found: list[str] = []
    cursor = ""
    while True:
        told = door.get(token, f"/v1/payees?limit=1&cursor={cursor}").json()
        found += [row["number"] for row in told["items"]]
        cursor = told["next"]
        if not cursor:
            break
    assert {"P-1", "P-2", "P-3"} <= set(found)
    assert len(found) == len(set(found))


def test_payees_are_found_by_what_people_know_of_them(here: seed.Seeded, token: str) -> None:
    (row,) = door.get(token, "/v1/payees?q=P-2").json()["items"]
    assert (row["number"], row["version"], row["blocked"]) == ("P-2", 1, False)
    end = row["iban"][-6:].lower()
    found = door.get(token, f"/v1/payees?q={end}").json()["items"]
    assert "P-2" in {one["number"] for one in found}
    assert door.get(token, "/v1/payees?standing=blocked").json()["items"] == []
    door.is_problem(door.get(token, "/v1/payees?standing=rich"), 422, "standing_unknown")


def test_one_is_read_with_every_version_and_his_payments(here: seed.Seeded, token: str) -> None:
    address = f"/v1/payees/{payee_id(here, 'P-1')}"
    told = door.get(token, address).json()
    assert told["payee"]["number"] == "P-1"
    assert [one["version"] for one in told["accounts"]] == [1]
    assert told["confirmations"] == []
    assert told["as_of"]
    assert door.get(token, f"{address}/payments?open=true").json()["items"] == []
    door.is_problem(door.get(token, f"/v1/payees/{uuid4()}"), 404, "not_found")


def test_what_a_change_of_an_account_would_touch(here: seed.Seeded, token: str) -> None:
    maker = door.person([here], [Role.MAKER])
    body = door.payment(here)
    body["payee"] |= {"number": "P-3"}
    told = door.post(door.key(here), "/v1/payments", body)
    assert told.status_code == 201, told.json()
    row = RequestRow(
        id=door.new(), kind="payee_account", subject_id=payee_id(here, "P-3"), subject="P-3",
        wanted={"number": "P-3", "iban": seed.IBANS[1]}, before={}, after={"iban": seed.IBANS[1]},
        reason="moved", state=RequestState.ASKED, needed=1, asked_by=str(maker),
        asked_by_kind="person", asked_by_name="Mia", asked_for=(), asked_at=seed.NOW,
        expires_at=seed.NOW,
    )  # fmt: skip
    with tenant(here.tenant_id):
        change_requests.insert(row)
    (one,) = door.get(token, f"/v1/change-requests/{row.id}/payments").json()["items"]
    assert one["payment"]["id"] == told.json()["id"]
    assert one["fate"] in ("not_approved", "fits")
    assert one["sentence"]
