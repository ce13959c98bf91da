"""Payees for programs: found, read with their versions, and what a change of one would touch."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from nostro.domain.change_request import RequestState
from nostro.domain.party import Role
from nostro.storage import change_requests, models, parties
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


def test_payments_to_one_are_seen_together_across_sources(database: str) -> None:
    """Two sources call him by other numbers; his account shows that it is he."""
    here = seed.customer("TOGETHER", payments=2)
    door.payee(here, "P-3")
    token = door.key(here, door.EVERYTHING)
    body = door.payment(here, "together")
    body["payee"]["number"] = "P-3"
    made = door.post(token, "/v1/payments", body).json()
    address = f"/v1/payees/{payee_id(here, 'P-3')}"
    by_number = door.get(token, f"{address}/payments?open=true").json()["items"]
    assert [row["id"] for row in by_number] == [made["id"]]
    together = door.get(token, f"{address}/payments?open=true&by_account=true").json()["items"]
    assert {row["payee_number"] for row in together} == {"P-3", "V1", "V2"}
    told = door.get(token, f"{address}/sources").json()
    assert told["as_of"]
    assert [
        (row["source"], row["payee_number"], row["count"], row["total"]["value"])
        for row in told["sources"]
    ] == [("api", "P-3", 1, "12.30"), ("seed", "V1", 1, "100.01"), ("seed", "V2", 1, "100.02")]
    with tenant(here.tenant_id):
        models.Order.objects.filter(id=made["id"]).update(state="settled")
        models.Order.objects.filter(id=here.order_ids[0]).update(confidential=True)
    left = door.get(token, f"{address}/sources").json()["sources"]
    assert [row["payee_number"] for row in left] == ["V1", "V2"]
    scopes = [one for one in door.EVERYTHING if one is not Scope.CONFIDENTIAL_READ]
    hidden = door.get(door.key(here, scopes), f"{address}/sources?open=false").json()["sources"]
    assert [(row["payee_number"], row["count"]) for row in hidden] == [("P-3", 1), ("V2", 1)]
    door.is_problem(door.get(token, f"/v1/payees/{uuid4()}/sources"), 404, "not_found")


def test_what_was_erased_is_nobodys_account(database: str) -> None:
    """Two payees whose accounts are erased are not one."""
    here = seed.customer("ERASED", payments=2)
    door.payee(here, "P-4")
    with tenant(here.tenant_id):
        rows = models.PayeeAccount.objects.filter(payee_id=payee_id(here, "P-4"))
        rows.update(iban="erased", local_account="erased")
        models.Order.objects.filter(id=here.order_ids[1]).update(creditor_iban="erased")
    token = door.key(here, door.EVERYTHING)
    address = f"/v1/payees/{payee_id(here, 'P-4')}"
    assert door.get(token, f"{address}/payments?by_account=true").json()["items"] == []
    assert door.get(token, f"{address}/sources?open=false").json()["sources"] == []
