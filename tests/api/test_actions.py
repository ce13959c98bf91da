"""What programs may do through /v1 about payments, cases and stops: once, and never approve."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from django.db import connections

from nostro.domain.party import Member
from nostro.storage import keys, models
from nostro.storage.keys import Scope
from nostro.storage.tenancy import tenant
from tests.api import door
from tests.workflows.company import Company, scripted_connector

CANCEL = {"text": "ordered twice by phone"}


@pytest.fixture
def company(database: str) -> Iterator[Company]:
    with scripted_connector():
        yield Company()


@pytest.fixture
def token(company: Company) -> str:
    return door.key(company, door.EVERYTHING)  # type: ignore[arg-type]


def personal(company: Company, member: Member) -> str:
    """A personal token with all that this person's roles allow."""
    person_id = UUID(member.id)
    return door.key(company, tuple(Scope), person_id=person_id)  # type: ignore[arg-type]


def read(token: str, payment_id: Any) -> dict[str, Any]:
    told: dict[str, Any] = door.get(token, f"/v1/payments/{payment_id}").json()
    return told


def test_a_held_payment_loses_its_approvals(company: Company, token: str) -> None:
    (payment_id,) = company.pay()
    told = door.post(token, f"/v1/payments/{payment_id}/hold", {"reason": "invoice disputed"})
    assert told.status_code == 200, told.content
    story = told.json()
    assert story["payment"]["state"] == "held"
    assert story["payment"]["held_for"] == ["erp asked to hold it: invoice disputed"]
    assert all(approval["voided_at"] for approval in story["approvals"])
    assert story["place"]["now"] == "erp asked to hold it: invoice disputed"
    assert company.release() == []


def test_a_payment_on_its_way_cannot_be_held(company: Company, token: str) -> None:
    _, (payment_id,) = company.send()
    told = door.post(token, f"/v1/payments/{payment_id}/hold", {"reason": "x"})
    door.is_problem(told, 409, "too_late_to_hold")
    assert read(token, payment_id)["payment"]["state"] == "in_flight"


def test_taken_back_before_and_after_it_left(company: Company, token: str) -> None:
    _, (gone,) = company.send(prefix="G")
    (free,) = company.ask(company.request("F1"))
    body = {**CANCEL, "payments": [str(gone), str(free), str(gone)]}
    told = door.post(token, "/v1/payments/cancel", body)
    assert told.status_code == 200, told.content
    first, second = told.json()["payments"]
    assert (first["payment_id"], first["outcome"]) == (str(gone), "recalled")
    assert (second["payment_id"], second["outcome"]) == (str(free), "cancelled")
    case = door.get(token, f"/v1/cases/{first['case_id']}").json()["case"]
    assert (case["kind"], case["stage"], case["payment_id"]) == ("recall", "requested", str(gone))
    again = door.post(token, f"/v1/payments/{gone}/cancel", CANCEL).json()
    assert (again["outcome"], again["case_id"]) == ("not_taken", None)
    assert "already" in again["sentence"]
    (listed,) = door.get(token, f"/v1/cases?payment={gone}&kind=recall").json()["items"]
    assert listed["id"] == first["case_id"]


def test_an_unknown_payment_cancels_nothing(company: Company, token: str) -> None:
    (free,) = company.ask(company.request("F2"))
    body = {**CANCEL, "payments": [str(free), str(door.new())]}
    door.is_problem(door.post(token, "/v1/payments/cancel", body), 404, "not_found")
    assert company.states([free]) == ["awaiting_approval"]


def test_changed_before_it_leaves(company: Company, token: str) -> None:
    (payment_id,) = company.ask(company.request("E"))
    before = read(token, payment_id)["payment"]
    body = {"reason": "a slip", "amount": {"value": "60.00", "currency": "EUR"}}
    told = door.post(token, f"/v1/payments/{payment_id}/edit", body)
    assert told.status_code == 200, told.content
    payment = told.json()["payment"]
    assert (payment["state"], payment["amount"]["value"]) == ("awaiting_approval", "60.00")
    assert payment["number"] == before["number"]
    assert payment["approval_digest"] != before["approval_digest"]
    again = door.post(token, f"/v1/payments/{payment_id}/edit", body)
    assert door.is_problem(again, 422, "nothing_to_change")


def cancelled(company: Company, token: str, name: str = "C") -> UUID:
    (payment_id,) = company.ask(company.request(name))
    door.post(token, f"/v1/payments/{payment_id}/cancel", CANCEL)
    return payment_id


def test_made_again_with_another_amount(company: Company, token: str) -> None:
    old = cancelled(company, token)
    body = {"reason": "part of it", "amount": {"value": "60.00", "currency": "EUR"}}
    told = door.post(token, f"/v1/payments/{old}/reissue", body)
    assert told.status_code == 201, told.content
    story = told.json()
    assert story["payment"]["state"] == "awaiting_approval"
    assert story["payment"]["amount"]["value"] == "60.00"
    assert story["payment"]["reference"] == "C/2"
    assert story["replaces"]["id"] == str(old)
    before = read(token, old)
    assert before["replaced_by"]["number"] == story["payment"]["number"]
    assert story["payment"]["number"] in before["place"]["next"]
    assert before["payment"]["state"] == "cancelled"
    assert told["Location"] == f"/v1/payments/{story['payment']['id']}"
    twice = door.post(token, f"/v1/payments/{old}/reissue", {"reason": "again"})
    door.is_problem(twice, 409, "replaced_already")


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"reason": "x", "payee": {"iban": "NL00FIKT0000000000"}}, None, "payee.iban"),
        ({"reason": "x", "amount": {"value": "1.234", "currency": "EUR"}}, None, "amount.value"),
        (
            {"reason": "x", "amount": {"value": "1.00", "currency": "USD"}},
            "reissue_currency_differs",
            "currency",
        ),
        ({"reason": ""}, "request_invalid", "reason"),
    ],
)
def test_a_correction_that_is_wrong(
    company: Company, token: str, body: Any, code: str | None, field: str
) -> None:
    old = cancelled(company, token)
    told = door.post(token, f"/v1/payments/{old}/reissue", body)
    assert (told.status_code, told.json()["field"]) == (422, field)
    assert code in (None, told.json()["code"])


def test_the_same_change_again_is_made_once(company: Company, token: str) -> None:
    old = cancelled(company, token)
    address, body = f"/v1/payments/{old}/reissue", {"reason": "again"}
    first = door.post(token, address, body, "reissue-1")
    again = door.post(token, address, body, "reissue-1")
    assert (again.status_code, again.json()) == (201, first.json())
    assert again["Idempotency-Replayed"] == "true"
    other = door.post(token, address, {"reason": "other"}, "reissue-1")
    assert door.is_problem(other, 422, "idempotency_key_reused")["field"] == "reason"


def test_eight_at_once_make_one_replacement(company: Company, token: str) -> None:
    old, start = cancelled(company, token), threading.Barrier(8)

    def one(number: int) -> tuple[int, bytes]:
        start.wait()
        try:
            told = door.post(
                token, f"/v1/payments/{old}/reissue", {"reason": "x"}, f"k{number % 2}"
            )
            return told.status_code, bytes(told.content)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(one, range(8)))
    assert len({content for status, content in answers if status == 201}) == 1
    assert {status for status, _ in answers} == {201, 409}, "the other key is told who won"
    with tenant(company.tenant_id):
        assert models.Order.objects.filter(replaces_id=old).count() == 1


def test_a_file_with_all_that_is_known_of_it(company: Company, token: str) -> None:
    submission_id, ids = company.send(3)
    told = door.get(token, f"/v1/submissions/{submission_id}").json()
    assert told["submission"]["state"] == "delivered"
    assert told["submission"]["totals"] == [{"value": "300.03", "currency": "EUR"}]
    assert told["attempts_by_state"] == {"delivered": 3}
    assert {line["payment_id"] for line in told["attempts"]["items"]} == set(map(str, ids))
    (kept,) = told["evidence"]
    address = f"/v1/submissions/{submission_id}"
    content = door.get(token, f"{address}/content")
    assert b"".join(content.streaming_content) == company.bank.received[0].content
    assert content["ETag"] == f'"{kept["digest"]}"'
    page = door.get(token, f"{address}/attempts?limit=2").json()
    rest = door.get(token, f"{address}/attempts?limit=2&cursor={page['next']}").json()
    assert (len(page["items"]), len(rest["items"]), rest["next"]) == (2, 1, None)
    letter = door.get(token, f"{address}/letter")
    assert (letter["Content-Type"], letter.content[:5]) == ("application/pdf", b"%PDF-")
    assert door.get(token, "/v1/submissions?state=delivered").json()["items"][0]["id"] == str(
        submission_id
    )


def test_bytes_need_their_own_right(company: Company) -> None:
    submission_id, _ = company.send()
    reader = door.key(company, door.READS)  # type: ignore[arg-type]
    for word in ("content", "letter"):
        told = door.get(reader, f"/v1/submissions/{submission_id}/{word}")
        door.is_problem(told, 403, "scope_missing")


def test_a_case_from_opening_to_its_end(company: Company, token: str) -> None:
    _, (payment_id,) = company.send()
    taken = door.post(token, f"/v1/payments/{payment_id}/cancel", CANCEL).json()
    address = f"/v1/cases/{taken['case_id']}"
    door.is_problem(door.post(token, f"{address}/take", None), 403, "person_needed")
    owned = door.post(personal(company, company.cy), f"{address}/take", None).json()
    assert owned["case"]["owner_name"] == "Cy Treasurer"
    due = {"due_at": "2026-12-24T12:00:00+01:00", "reason": "the bank asked for time"}
    assert (
        door.post(token, f"{address}/due", due).json()["case"]["due_at"] == "2026-12-24T11:00:00Z"
    )
    door.post(token, f"{address}/note", {"text": "rang\nthe bank"})
    closed = door.post(token, f"{address}/resolve", {"text": "money is back"}).json()
    assert (closed["case"]["state"], closed["case"]["outcome"]) == ("resolved", "money is back")
    assert {step["type"] for step in closed["events"]} >= {"case.taken", "case.due", "case.noted"}
    twice = door.post(token, f"{address}/resolve", {"text": "again"})
    door.is_problem(twice, 409, "move_not_allowed")
    opened = door.post(token, f"{address}/reopen", {"text": "it was not"}).json()
    assert opened["case"]["state"] == "open"
    letter = door.get(token, f"{address}/letter")
    assert letter.content[:5] == b"%PDF-"


def test_a_key_stops_and_never_lifts(company: Company, token: str) -> None:
    company.pay()
    account_id = door.get(token, "/v1/accounts").json()["items"][0]["id"]
    body = {"scope": "account", "subject_id": account_id, "reason": "alarm of the ERP"}
    told = door.post(token, "/v1/stops", body)
    assert told.status_code == 201, told.content
    assert (told.json()["set_by"], told.json()["lifted_at"]) == ("erp", None)
    door.is_problem(door.post(token, "/v1/stops", body), 409, "stopped_already")
    (stop,) = door.get(token, "/v1/stops").json()["items"]
    assert stop == told.json()
    stated = [path for path in _paths() if "evidence" in path and "pack" not in path]
    assert not [path for path in _paths() if "lift" in path or path in stated]
    none = door.post(token, "/v1/stops", {"scope": "payee", "reason": "x"})
    door.is_problem(none, 422, "stop_subject_missing")


def _paths() -> list[str]:
    return list(door.browser().get("/v1/openapi.json").json()["paths"])


def test_rights_by_role(company: Company) -> None:
    for member, may in ((company.maker, True), (company.cy, True), (company.bob, False)):
        (payment_id,) = company.ask(company.request(f"R{member.name}"))
        mine = personal(company, member)
        door.post(mine, f"/v1/payments/{payment_id}/cancel", CANCEL)
        told = door.post(mine, f"/v1/payments/{payment_id}/reissue", {"reason": "x"})
        assert (told.status_code == 201) == may, told.content


def test_payments_by_every_filter(company: Company, token: str) -> None:
    company.ask(company.request("A1", 100_00), company.request("A2", 250_00, payee="V2"))
    (dollars,) = company.ask(company.request("A3", 90_00, currency="USD"))
    _, (gone,) = company.send(prefix="S")
    door.post(token, f"/v1/payments/{gone}/cancel", CANCEL)

    def found(query: str) -> list[str]:
        told = door.get(token, f"/v1/payments?{query}")
        assert told.status_code == 200, told.content
        return [item["reference"] for item in told.json()["items"]]

    assert found("sort=created") == ["A1", "A2", "A3", "S0"]
    assert found("currency=USD") == ["A3"]
    assert found("payee=V2") == ["A2"]
    assert found("currency=EUR&amount_from=200.00") == ["A2"]
    assert found("currency=EUR&amount_to=100.00") == ["S0", "A1"]
    assert found("has_open_case=true") == ["S0"]
    assert found("has_open_case=false&sort=created") == ["A1", "A2", "A3"]
    assert found(f"connection={company.bank_id}&state=in_flight") == ["S0"]
    assert found(f"connection={door.new()}") == []
    assert found("requested_from=2026-11-21") == []
    assert found("requested_to=2026-11-20&sort=-created")[0] == "S0"
    assert found("updated_since=2030-01-01T00:00:00Z") == []
    assert found(f"run={door.new()}") == []
    assert found("currency=EUR&sort=-amount")[0] == "A2"
    assert read(token, dollars)["place"]["now"] == "It waits for 2 more approvals."
    funnel = door.get(token, "/v1/payments/funnel?currency=EUR").json()["states"]
    assert funnel == [
        {"state": "awaiting_approval", "count": 2, "total": {"value": "350.00", "currency": "EUR"}},
        {"state": "in_flight", "count": 1, "total": {"value": "100.00", "currency": "EUR"}},
    ]
    for query, code in (
        ("amount_from=1.00", "currency_missing"),
        ("sort=amount", "currency_missing"),
        ("sort=colour", "sort_unknown"),
    ):
        door.is_problem(door.get(token, f"/v1/payments?{query}"), 422, code)


@pytest.mark.parametrize("sort", ["created", "-created", "requested", "-amount", "updated"])
def test_every_order_goes_page_by_page(company: Company, token: str, sort: str) -> None:
    company.ask(*(company.request(f"Q{n}", 100_00 + n % 2) for n in range(7)))
    whole = door.get(token, f"/v1/payments?sort={sort}&currency=EUR").json()["items"]
    seen, cursor = [], ""
    while True:
        address = f"/v1/payments?sort={sort}&currency=EUR&limit=2&cursor={cursor}"
        page = door.get(token, address).json()
        seen += page["items"]
        cursor = page["next"]
        if not cursor:
            break
    assert seen == whole
    assert len(seen) == 7
    if sort != "-created":
        first = door.get(token, f"/v1/payments?sort={sort}&currency=EUR&limit=2").json()["next"]
        other = door.get(token, f"/v1/payments?cursor={first}")
        door.is_problem(other, 422, "cursor_unknown")


def test_no_key_can_hold_the_right_to_approve(company: Company) -> None:
    assert Scope.PAYMENTS_APPROVE not in door.EVERYTHING
    with tenant(company.tenant_id):
        assert all(Scope.PAYMENTS_APPROVE not in row.scopes for row in keys.issued())
