"""Credit notes by API, and netting them: proposed, given, dismissed; no payment is changed."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from nostro.storage import models, parties
from nostro.storage.keys import Scope
from nostro.storage.tenancy import tenant
from tests import seed
from tests.api import door

SCOPES = (Scope.PAYMENTS_READ, Scope.PAYMENTS_WRITE, Scope.PAYEES_READ)


@pytest.fixture(scope="module")
def here(database: str) -> seed.Seeded:
    made = seed.customer("NETTING")
    door.payee(made, "P-1")
    return made


@pytest.fixture(scope="module")
def token(here: seed.Seeded) -> str:
    return door.key(here, SCOPES)


def post(token: str, path: str, body: dict[str, Any], key: str = "") -> Any:
    return door.call(token, "POST", path, body, Idempotency_Key=key or str(uuid4()))


def payee_id(here: seed.Seeded) -> UUID:
    with tenant(here.tenant_id):
        found = parties.payee_named("P-1")
    assert found
    return found[0]


def test_from_a_credit_note_to_a_proposal_that_its_source_has(
    here: seed.Seeded, token: str
) -> None:
    body = door.payment(here)
    body["payee"] |= {"number": "P-1"}
    made = post(token, "/v1/payments", body)
    assert made.status_code == 201, made.json()
    given = post(token, "/v1/credit-notes", {"credit_notes": [door.credit_note(here)]})
    assert given.status_code == 201, given.json()
    (note_id,) = given.json()["credit_notes"]
    with tenant(here.tenant_id):
        before = list(models.Order.objects.order_by("id").values_list())
    address = f"/v1/payees/{payee_id(here)}/nettings"
    told = door.get(token, address).json()
    (one,), (note,) = told["possible"], told["credit_notes"]
    assert (note["id"], note["left"]["value"], note["state"]) == (note_id, "5.00", "open")
    assert one["less"] == {"value": "5.00", "currency": "EUR"}
    assert told["as_of"]
    made = post(token, f"{address}/propose", {"digest": one["digest"]})
    assert (made.status_code, made.json()["state"]) == (200, "proposed"), made.json()
    row_id = made.json()["id"]
    assert door.get(token, address).json()["possible"] == []
    message = door.get(token, f"/v1/nettings/{row_id}/message").json()
    assert "5.00 EUR used" in message["text"]
    sent = post(token, f"/v1/nettings/{row_id}/send", {"told_to": "Ms Lind"})
    assert (sent.json()["state"], sent.json()["told_to"]) == ("sent", "Ms Lind")
    door.is_problem(post(token, f"/v1/nettings/{row_id}/take", {}), 409, "netting_not_followed")
    (listed,) = door.get(token, "/v1/nettings?state=sent&payee=P-1").json()["items"]
    assert listed["id"] == row_id
    ended = post(token, f"/v1/nettings/{row_id}/dismiss", {"reason": "they pay by cash"})
    assert ended.json()["state"] == "dismissed"
    with tenant(here.tenant_id):
        assert list(models.Order.objects.order_by("id").values_list()) == before
    gone = post(token, f"/v1/credit-notes/{note_id}/withdraw", {"reason": "used in the ERP"})
    assert (gone.json()["state"], gone.json()["reason"]) == ("withdrawn", "used in the ERP")
    assert door.get(token, f"/v1/credit-notes/{note_id}").json() == gone.json()


def test_the_same_request_again_keeps_one_note(here: seed.Seeded, token: str) -> None:
    body = {"credit_notes": [door.credit_note(here, "CN-2", payee_number="P-2")]}
    first = post(token, "/v1/credit-notes", body, "again-1")
    assert post(token, "/v1/credit-notes", body, "again-1").json() == first.json()
    assert post(token, "/v1/credit-notes", body).json() == first.json()
    (row,) = door.get(token, "/v1/credit-notes?payee=P-2").json()["items"]
    assert row["reference"] == "CN-2"
    other = door.credit_note(here, "CN-2", amount={"value": "6.00", "currency": "EUR"})
    told = post(token, "/v1/credit-notes", {"credit_notes": [other]})
    door.is_problem(told, 409, "credit_note_reference_used")
    door.is_problem(door.get(token, "/v1/credit-notes?state=rich"), 422, "state_unknown")
    door.is_problem(door.get(token, "/v1/nettings?state=rich"), 422, "state_unknown")


def test_what_is_not_possible_any_more_is_refused(here: seed.Seeded, token: str) -> None:
    address = f"/v1/payees/{payee_id(here)}/nettings"
    told = post(token, f"{address}/propose", {"digest": "0" * 64})
    door.is_problem(told, 409, "netting_outdated")
    told = post(token, f"{address}/dismiss", {"digest": "0" * 64, "reason": "no"})
    door.is_problem(told, 409, "netting_outdated")
    gone = uuid4()
    for path, body in (("send", {"told_to": "x"}), ("take", {}), ("dismiss", {"reason": "x"})):
        door.is_problem(post(token, f"/v1/nettings/{gone}/{path}", body), 404, "not_found")
    door.is_problem(door.get(token, f"/v1/credit-notes/{gone}"), 404, "not_found")
    reader = door.key(here, [Scope.PAYMENTS_READ])
    told = post(reader, f"{address}/propose", {"digest": "0" * 64})
    door.is_problem(told, 403, "scope_missing")
