"""Handing payments in and approving them through /v1."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from django.db import connections

from nostro.domain.money import Money
from nostro.domain.party import Grant, Role
from nostro.storage import models, payment_search, people
from nostro.storage.keys import Scope
from nostro.storage.tenancy import tenant
from tests import seed
from tests.api import door


@pytest.fixture(scope="module")
def here(database: str) -> seed.Seeded:
    made = seed.customer("PAYS", payments=0)
    door.payee(made)
    return made


@pytest.fixture(scope="module")
def token(here: seed.Seeded) -> str:
    return door.key(here)


def count(here: seed.Seeded) -> int:
    with tenant(here.tenant_id):
        return sum(row.count for row in payment_search.funnel())


def test_one_payment(here: seed.Seeded, token: str) -> None:
    told = door.post(token, "/v1/payments", door.payment(here, "one"))
    made = told.json()
    assert told.status_code == 201, made
    assert (made["reference"], made["state"], made["held_for"]) == ("one", "awaiting_approval", [])
    found = door.get(token, told["Location"]).json()
    assert found["payment"]["id"] == made["id"]
    assert found["payment"]["amount"] == {"value": "12.30", "currency": "EUR"}
    assert found["payment"]["made_by"] == "erp"
    assert found["events"][0]["actor"]["kind"] == "api_key"


def test_an_unknown_payee_is_held(here: seed.Seeded, token: str) -> None:
    body = door.payment(here, "held")
    body["payee"]["number"] = "V-unknown"
    made = door.post(token, "/v1/payments", body).json()
    assert made["state"] == "held"
    assert "V-unknown" in made["held_for"][0]
    assert made["held_for_codes"] == ["payee_unknown"]


LOCAL = {"scheme": "USABA", "bank_code": "021000021", "number": "123456789", "kind": "SVGS"}


def test_an_account_without_iban_is_told_by_its_parts(here: seed.Seeded, token: str) -> None:
    body = door.payment(here, "local")
    del body["payee"]["iban"]
    body["payee"]["account"] = LOCAL
    told = door.post(token, "/v1/payments", body)
    assert told.status_code == 201, told.json()
    payment = door.get(token, told["Location"]).json()["payment"]
    assert (payment["payee_iban"], payment["payee_account"]) == ("", LOCAL)
    body = door.payment(here, "local wrong")
    body["payee"] |= {"iban": "", "account": {**LOCAL, "bank_code": "021000022"}}
    error = door.post(token, "/v1/payments", body).json()
    assert (error["code"], error["field"]) == ("invalid_local_account", "payee.account")


def test_a_rail_that_does_not_fit_is_refused_in_words(here: seed.Seeded, token: str) -> None:
    body = {**door.payment(here, "rail"), "rail": "ach_ccd"}
    error = door.post(token, "/v1/payments", body).json()
    assert (error["code"], error["field"]) == ("no_rail_fits", "rail")
    assert "does not carry EUR" in json.dumps(error)


def test_a_batch_is_taken_in_order(here: seed.Seeded, token: str) -> None:
    body = {"payments": [door.payment(here, f"batch {number}") for number in range(1000)]}
    told = door.post(token, "/v1/payments", body)
    assert told.status_code == 201, told.content[:500]
    assert [made["reference"] for made in told.json()["payments"]] == [
        f"batch {number}" for number in range(1000)
    ]


def test_a_batch_is_taken_whole_or_not_at_all(here: seed.Seeded, token: str) -> None:
    before = count(here)
    body = {"payments": [door.payment(here), door.payment(here, entity="E-NONE")]}
    door.is_problem(door.post(token, "/v1/payments", body), 422, "entity_unknown")
    assert count(here) == before


def test_a_personal_token_makes_payments_as_far_as_its_person_may(here: seed.Seeded) -> None:
    person_id, before = door.person([here], [Role.MAKER]), count(here)
    token = door.key(here, [Scope.PAYMENTS_WRITE], person_id)
    with tenant(here.tenant_id):
        limit = Grant(role=Role.MAKER, up_to=Money(12_30, "EUR"))
        people.grant_reaching(door.new(), person_id, [limit])
    more = door.payment(here, amount={"value": "12.31", "currency": "EUR"})
    body = {"payments": [door.payment(here), more]}
    told = door.is_problem(door.post(token, "/v1/payments", body), 403, "beyond_grant")
    assert told["field"] == "payments[1]"
    assert count(here) == before
    assert door.post(token, "/v1/payments", door.payment(here)).status_code == 201


@pytest.mark.parametrize("size", [0, 1001])
def test_a_batch_has_a_size(here: seed.Seeded, token: str, size: int) -> None:
    body = {"payments": [door.payment(here)] * size}
    told = door.is_problem(door.post(token, "/v1/payments", body), 422, "request_invalid")
    assert told["field"] == "payments"


def test_the_same_request_again_gives_the_same_answer(here: seed.Seeded, token: str) -> None:
    body = door.payment(here)
    first = door.post(token, "/v1/payments", body, "again-1")
    before = count(here)
    again = door.post(token, "/v1/payments", body, "again-1")
    assert (again.status_code, again.json()) == (201, first.json())
    assert (again["Idempotency-Replayed"], again["Location"]) == ("true", first["Location"])
    assert count(here) == before
    body["amount"] = {"value": "12.31", "currency": "EUR"}
    told = door.post(token, "/v1/payments", body, "again-1")
    found = door.is_problem(told, 422, "idempotency_key_reused")
    assert found["field"] == "amount.value"


def test_a_reference_is_used_once_under_any_key(here: seed.Seeded, token: str) -> None:
    door.post(token, "/v1/payments", door.payment(here, "used"))
    told = door.post(door.key(here), "/v1/payments", door.payment(here, "used"))
    door.is_problem(told, 422, "repeated")


def test_eight_at_once_make_one_payment(here: seed.Seeded, token: str) -> None:
    body, start, before = door.payment(here, "raced"), threading.Barrier(8), count(here)

    def one(_: int) -> bytes:
        start.wait()
        try:
            return bytes(door.post(token, "/v1/payments", body, "race-1").content)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as threads:
        answers = set(threads.map(one, range(8)))
    assert len(answers) == 1
    assert json.loads(answers.pop())["reference"] == "raced"
    assert count(here) == before + 1


def test_the_key_is_required(here: seed.Seeded, token: str) -> None:
    told = door.call(token, "POST", "/v1/payments", door.payment(here))
    door.is_problem(told, 400, "idempotency_key_missing")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount": {"value": 12.3, "currency": "EUR"}}, "amount.value"),
        ({"amount": {"value": 12, "currency": "EUR"}}, "amount.value"),
        ({"amount": {"value": "1e3", "currency": "EUR"}}, "amount.value"),
        ({"amount": {"value": "12,30", "currency": "EUR"}}, "amount.value"),
        ({"amount": {"value": "12.301", "currency": "EUR"}}, "amount.value"),
        ({"amount": {"value": "12.30", "currency": "XYZ"}}, "amount.currency"),
        ({"amount": {"value": "12.30"}}, "amount.currency"),
        ({"amount": "12.30"}, "amount"),
        ({"requested_date": 1}, "requested_date"),
        ({"requested_date": "2026-02-30"}, "requested_date"),
        ({"reference": ""}, "reference"),
        ({"reference": "a\x00b"}, "reference"),
        ({"reference": "\ud800"}, "reference"),
        ({"reference": None}, "reference"),
        ({"creditor_reference": "RF00X"}, "creditor_reference"),
        ({"surprise": "x"}, "surprise"),
        ({"invoices": "A"}, "invoices"),
    ],
)
def test_a_payment_that_is_wrong(
    here: seed.Seeded, token: str, change: dict[str, Any], field: str
) -> None:
    before = count(here)
    told = door.post(token, "/v1/payments", door.payment(here, **change))
    assert told.status_code == 422, told.content
    assert door.is_problem(told, 422, told.json()["code"])["field"] == field
    inside = {"payments": [door.payment(here), door.payment(here, **change)]}
    told = door.post(token, "/v1/payments", inside)
    assert told.json()["field"] == f"payments[1].{field}"
    assert count(here) == before


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"entity": "E-NONE"}, "entity_unknown", "entity"),
        ({"amount": {"value": "-1.00", "currency": "EUR"}}, "amount_not_positive", "amount.value"),
        ({"amount": {"value": "1.00", "currency": "AUD"}}, "no_account", "amount.currency"),
        ({"requested_date": "2036-01-01"}, "date_too_far", "requested_date"),
        ({"requested_date": "2006-01-01"}, "date_too_old", "requested_date"),
        ({"remittance": "Θ" * 71}, "text_too_long", "remittance"),
        ({"invoices": ["Θ" * 70, "B"]}, "text_too_long", "invoices"),
        ({"end_to_end_id": "A_B"}, "text_not_sepa", "end_to_end_id"),
        ({"end_to_end_id": "A//B"}, "reference_slashes", "end_to_end_id"),
    ],
)
def test_what_a_check_refuses_names_the_field_as_sent(
    here: seed.Seeded, token: str, change: dict[str, Any], code: str, field: str
) -> None:
    wrong = door.payment(here, **change)
    told = door.is_problem(door.post(token, "/v1/payments", wrong), 422, code)
    assert told["field"] == field
    many = {"payments": [door.payment(here), door.payment(here), wrong]}
    told = door.is_problem(door.post(token, "/v1/payments", many), 422, code)
    assert told["field"] == f"payments[2].{field}"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": "A" * 71}, "payee.name"),
        (
            {"address": {"street": "Θ" * 36, "town": "Bonn", "country": "DE"}},
            "payee.address.street",
        ),
        ({"address": {"town": "Θ" * 18, "country": "DE"}}, "payee.address.town"),
    ],
)
def test_a_text_of_the_payee_that_no_bank_takes_names_its_field(
    here: seed.Seeded, token: str, change: dict[str, Any], field: str
) -> None:
    body = door.payment(here)
    body["payee"] |= change
    told = door.is_problem(door.post(token, "/v1/payments", body), 422, "text_too_long")
    assert told["field"] == field


def test_an_unknown_entity_is_answered_with_those_there_are(here: seed.Seeded, token: str) -> None:
    body = door.payment(here, entity="E-NONE")
    told = door.is_problem(door.post(token, "/v1/payments", body), 422, "entity_unknown")
    assert f"E-{here.code}" in told["can_do"]


def test_a_payment_that_came_before_need_not_be_sent_again(here: seed.Seeded, token: str) -> None:
    body = door.payment(here)
    number = door.post(token, "/v1/payments", body).json()["number"]
    told = door.is_problem(door.post(token, "/v1/payments", body), 422, "repeated")
    assert told["field"] == "reference"
    assert number in told["happened"]
    assert told["can_do"].startswith("Do not send it again")
    body["amount"] = {"value": "99.00", "currency": "EUR"}
    told = door.is_problem(door.post(token, "/v1/payments", body), 422, "reference_reused")
    assert (told["field"], "send the request again" in told["can_do"]) == ("reference", False)


def test_an_amount_that_is_too_large_is_told_so(here: seed.Seeded, token: str) -> None:
    body = door.payment(here, amount={"value": "99999999999999999999.00", "currency": "EUR"})
    told = door.is_problem(door.post(token, "/v1/payments", body), 422, "amount_too_large")
    assert told["field"] == "amount.value"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"amount": "12.30"}, "It is not a JSON object with fields."),
        ({"amount": {"value": "1e3", "currency": "EUR"}}, 'It is not an amount like "1234.50"'),
        ({"amount": {"value": "1.00", "currency": "eur"}}, "It is not a currency code"),
        ({"reference": ""}, "It has fewer than 1 characters."),
        ({"reference": "x" * 71}, "It has more than 70 characters."),
        ({"reference": "a\nb"}, "It has a line end, a tab or another control character."),
        ({"reference": None}, "It is not a text in quotation marks."),
        ({"requested_date": "2026-02-30"}, 'It is not a day like "2026-11-30".'),
        ({"surprise": "x"}, "There is no such field here"),
        ({"invoices": "A"}, "It is not a list"),
        ({"invoices": ["A"] * 101}, "It has 101 entries; at most 100 are allowed."),
    ],
)
def test_what_is_wrong_is_told_in_plain_sentences(
    here: seed.Seeded, token: str, change: dict[str, Any], message: str
) -> None:
    told = door.post(token, "/v1/payments", door.payment(here, **change)).json()
    assert told["code"] == "request_invalid"
    assert told["errors"][0]["message"].startswith(message)
    for machine in ("should", "valid dictionary", "NewPayment", "pattern", "Extra inputs"):
        assert machine not in str(told)


def test_a_number_as_amount_is_told_plainly(here: seed.Seeded, token: str) -> None:
    body = door.payment(here, amount={"value": 0.1, "currency": "EUR"})
    told = door.is_problem(door.post(token, "/v1/payments", body), 422, "request_invalid")
    assert "written as text" in told["happened"]
    assert told["errors"] == [{"field": "amount.value", "message": told["errors"][0]["message"]}]


@pytest.mark.parametrize("part", ["iban", "bic"])
def test_a_wrong_account_names_its_field(here: seed.Seeded, token: str, part: str) -> None:
    body = door.payment(here)
    body["payee"][part] = "NL00INGB0001234567" if part == "iban" else "NOTABIC"
    told = door.is_problem(door.post(token, "/v1/payments", body), 422, f"invalid_{part}")
    assert told["field"] == f"payee.{part}"


# --- approving


def waiting(here: seed.Seeded, token: str) -> dict[str, Any]:
    made: dict[str, Any] = door.post(token, "/v1/payments", door.payment(here)).json()
    assert made["state"] == "awaiting_approval"
    return made


def approve(token: str, made: dict[str, Any], digest: str = "", key: str = "") -> Any:
    body = {"digest": digest or made["approval_digest"]}
    return door.post(token, f"/v1/payments/{made['id']}/approve", body, key)


def approver(here: seed.Seeded, *roles: Role) -> str:
    person_id = door.person([here], roles or [Role.APPROVER])
    return door.key(here, tuple(Scope), person_id=person_id)


def test_two_people_approve(here: seed.Seeded, token: str) -> None:
    made = waiting(here, token)
    first = approve(approver(here), made).json()
    assert (first["state"], first["approved_by"]) == ("awaiting_approval", ["Ada"])
    told = approve(approver(here, Role.TREASURER), made)
    assert told.status_code == 200, told.content
    assert told.json()["state"] == "scheduled"


def test_a_key_never_approves(here: seed.Seeded, token: str) -> None:
    made = waiting(here, token)
    door.is_problem(approve(token, made), 403, "keys_never_approve")


def test_the_maker_cannot_approve(here: seed.Seeded, token: str) -> None:
    both = approver(here, Role.MAKER, Role.APPROVER)
    made = waiting(here, both)
    door.is_problem(approve(both, made), 403, "maker_cannot_approve")


def test_a_person_without_the_role_cannot_approve(here: seed.Seeded, token: str) -> None:
    door.is_problem(
        approve(approver(here, Role.AUDITOR), waiting(here, token)), 403, "scope_missing"
    )


def test_nobody_approves_twice_or_what_he_did_not_see(here: seed.Seeded, token: str) -> None:
    made, ada = waiting(here, token), approver(here)
    door.is_problem(approve(ada, made, "0" * 64), 409, "selection_changed")
    assert approve(ada, made).status_code == 200
    door.is_problem(approve(ada, made), 409, "already_approved")


def test_an_approval_is_given_once_by_each_person(here: seed.Seeded, token: str) -> None:
    made, ada, bob = waiting(here, token), approver(here), approver(here)
    first = approve(ada, made, key="agree").json()
    again = approve(ada, made, key="agree")
    assert (again.json(), again["Idempotency-Replayed"]) == (first, "true")
    assert approve(bob, made, key="agree").json()["state"] == "scheduled", "his own, not hers"


def test_a_session_approves(here: seed.Seeded, token: str) -> None:
    made = waiting(here, token)
    client = door.signed_in(door.person([here], [Role.APPROVER]))
    client.cookies["csrftoken"] = "a" * 32
    told = client.post(
        f"/v1/payments/{made['id']}/approve",
        json.dumps({"digest": made["approval_digest"]}),
        "application/json",
        headers={"X-CSRFToken": "a" * 32, "Idempotency-Key": "session-1"},
    )
    assert told.json()["approved_by"] == ["Ada"]


def test_an_approver_who_left_cannot_approve(here: seed.Seeded, token: str) -> None:
    made, person_id = waiting(here, token), door.person([here], [Role.APPROVER])
    left = door.key(here, tuple(Scope), person_id=person_id)
    with tenant(here.tenant_id):
        people.withdraw(UUID(str(person_id)))
    door.is_problem(approve(left, made), 403, "not_a_member")


def test_one_reference_under_many_keys_at_once_makes_one_payment(
    here: seed.Seeded, token: str
) -> None:
    body, start, before = door.payment(here, "raced apart"), threading.Barrier(6), count(here)

    def one(number: int) -> int:
        start.wait()
        try:
            batch = {"payments": [body]} if number % 2 else body
            return int(door.post(token, "/v1/payments", batch, f"apart-{number}").status_code)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as threads:
        answers = sorted(threads.map(one, range(6)))
    assert answers[0] == 201
    assert set(answers[1:]) <= {409, 422}, answers
    assert count(here) == before + 1


def test_remittance_advice_waits_for_execution(here: seed.Seeded) -> None:
    token = door.key(here, door.EVERYTHING)
    made = door.post(token, "/v1/payments", door.payment(here, "advised")).json()
    path = f"/v1/payments/{made['id']}/remittance-advice"
    door.is_problem(door.get(token, path), 409, "not_executed_yet")
    door.is_problem(door.get(token, f"{path}?format=word"), 422, "request_invalid")
    door.is_problem(
        door.get(token, f"/v1/payments/{door.new()}/remittance-advice"), 404, "not_found"
    )
    with tenant(here.tenant_id):
        models.Order.objects.filter(id=made["id"]).update(state="settled")
    starts = {"text": b"Remittance advice: 12.30 EUR", "pdf": b"%PDF-", "x12_820": b"ISA*00*"}
    for form, start in starts.items():
        told = door.get(token, f"{path}?format={form}&whole_day=true")
        assert told.content.startswith(start), told.content[:80]
        assert told["Content-Disposition"].startswith("attachment; filename=")
    door.is_problem(door.get(door.key(here), path), 403, "scope_missing")
