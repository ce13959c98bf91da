"""Reading through /v1: complete lists, stable cursors, and one customer only."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from nostro import __version__
from nostro.domain.attempt import AttemptState
from nostro.domain.party import Role
from nostro.domain.submission import SubmissionState
from nostro.storage import (
    case_listing,
    events,
    evidence,
    orders,
    parties,
    submission_listing,
    submissions,
)
from nostro.storage.keys import Scope
from nostro.storage.submissions import AttemptRow, SubmissionRow
from nostro.storage.tenancy import tenant
from tests import seed
from tests.api import door

LATE = seed.NOW + timedelta(hours=1)
THEN = f"since={LATE:%Y-%m-%dT%H:%M:%SZ}&until={LATE + timedelta(seconds=1):%Y-%m-%dT%H:%M:%SZ}"
BEFORE = f"until={LATE:%Y-%m-%dT%H:%M:%SZ}"


@pytest.fixture(scope="module")
def two(database: str) -> tuple[seed.Seeded, seed.Seeded]:
    both = (
        seed.customer("ALFA", payments=7),
        seed.customer("BETA", payments=3, iban=seed.IBANS[2]),
    )
    for one in both:
        file(one)
        events.seal(one.tenant_id, seed.NOW)
    return both


@pytest.fixture(scope="module")
def tokens(two: tuple[seed.Seeded, seed.Seeded]) -> tuple[str, str]:
    return door.key(two[0]), door.key(two[1])


def test_payments_page_by_page(two: Any, tokens: Any) -> None:
    seen, path = [], "/v1/payments?limit=3"
    while path:
        page = door.get(tokens[0], path).json()
        seen += [item["id"] for item in page["items"]]
        path = f"/v1/payments?limit=3&cursor={page['next']}" if page["next"] else ""
    assert seen == sorted(map(str, two[0].order_ids), reverse=True)


def test_a_cursor_stays_right_while_payments_arrive(database: str) -> None:
    here = seed.customer("GAMMA", payments=5, iban=seed.IBANS[3])
    token = door.key(here)
    first = door.get(token, "/v1/payments?limit=2").json()
    with tenant(here.tenant_id):
        account = parties.accounts()[0]
        orders.insert([seed.order("GAMMA", 99, here.entity_id, account)], seed.NOW)
    rest = door.get(token, f"/v1/payments?cursor={first['next']}").json()
    ids = [item["id"] for item in first["items"] + rest["items"]]
    assert ids == sorted(map(str, here.order_ids), reverse=True)


def test_a_payment_in_a_list(two: Any, tokens: Any) -> None:
    (item,) = door.get(tokens[0], "/v1/payments?state=held").json()["items"]
    assert item["amount"] == {"value": "100.01", "currency": "EUR"}
    assert (item["reference"], item["entity"]) == ("ALFA-1", "E-ALFA")
    assert item["held_for"] == ["Payee is new."]
    assert (item["payee_name"], item["made_by"]) == ("Supplier 1 of ALFA", "Mara Maker")


def test_one_payment_with_its_story(two: Any, tokens: Any) -> None:
    told = door.get(tokens[0], f"/v1/payments/{two[0].order_ids[0]}").json()
    assert told["payment"]["number"] == "P-ALFA-000001"
    assert [hold["code"] for hold in told["holds"]] == ["payee_unknown"]
    assert [step["type"] for step in told["events"]] == ["payment.created"]
    assert (told["approvals"], told["attempts"], told["facts"], told["bookings"]) == ([],) * 4


def test_cash(two: Any, tokens: Any) -> None:
    (statement,) = door.get(tokens[0], "/v1/statements").json()["items"]
    assert statement["closing"] == {"value": "1033.33", "currency": "EUR"}
    assert (statement["verdict"], statement["unmatched"]) == ("closes", 3)
    path = f"/v1/statements/{statement['id']}/transactions"
    lines = door.get(tokens[0], f"{path}?limit=2").json()
    rest = door.get(tokens[0], f"{path}?limit=2&cursor={lines['next']}").json()
    amounts = [item["amount"]["value"] for item in lines["items"] + rest["items"]]
    assert (amounts, rest["next"]) == (["50.00", "-20.00", "3.33"], None)
    (account,) = door.get(tokens[0], "/v1/accounts").json()["items"]
    assert (account["iban"], account["entity"]) == (seed.IBANS[0], "E-ALFA")
    balances = door.get(tokens[0], f"/v1/balances?account={account['id']}").json()["items"]
    assert [(item["type"], item["amount"]["value"], item["day"]) for item in balances] == [
        ("CLBD", "1033.33", "2026-11-02"),
        ("OPBD", "1000.00", "2026-11-02"),
    ]


def test_events_are_sealed_and_followed(two: Any, tokens: Any) -> None:
    page = door.get(tokens[1], "/v1/events?limit=2").json()
    assert [item["position"] for item in page["items"]] == [1, 2]
    first = page["items"][0]
    assert (first["specversion"], first["type"]) == ("1.0", "nostro.payment.created")
    assert first["data"] == {
        "actor": {"kind": "job", "id": "seed", "name": "seed"},
        "detail": {"why": "seed"},
    }
    rest = door.get(tokens[1], f"/v1/events?cursor={page['next']}").json()
    assert ([item["position"] for item in rest["items"]], rest["more"]) == ([3], False)
    with tenant(two[1].tenant_id):
        events.record([seed.event("later", two[1].order_ids[0])])
    again = door.get(tokens[1], f"/v1/events?cursor={rest['next']}").json()
    assert (again["items"], again["lag"]["unsealed"]) == ([], 1)
    events.seal(two[1].tenant_id, seed.NOW)
    later = door.get(tokens[1], f"/v1/events?cursor={again['next']}").json()
    assert [item["position"] for item in later["items"]] == [4]


def test_events_are_narrowed(two: Any, tokens: Any) -> None:
    """By type, subject and time; the cursor goes past what was looked through, so that who asks
    again looks through it once and misses nothing."""
    one, other = door.new(), door.new()
    with tenant(two[0].tenant_id):
        for kind, about in (("order.moved", one), ("case.moved", other), ("order.received", one)):
            told = seed.event(kind, about)
            events.record([msgspec.structs.replace(told, occurred_at=LATE)])
    events.seal(two[0].tenant_id, seed.NOW)

    def found(query: str) -> list[tuple[str, str]]:
        page = door.get(tokens[0], f"/v1/events?{query}").json()
        return [(item["type"].removeprefix("nostro."), item["subject"]) for item in page["items"]]

    whole = found(THEN)
    subject = {about: next(of for _, of in whole if str(about) in of) for about in (one, other)}
    moved, received = ("order.moved", subject[one]), ("order.received", subject[one])
    case = ("case.moved", subject[other])
    assert whole == [moved, case, received]
    assert found("type=nostro.order.*") == [moved, received]
    assert found("type=nostro.case.moved,nostro.order.received") == [case, received]
    assert found(f"type=nostro.*&{THEN}") == whole
    for same in (subject[other], str(other)):
        assert found(f"subject={same}") == [case]
    assert found(f"{BEFORE}&type=nostro.case.*") == []
    page = door.get(tokens[0], "/v1/events?type=nostro.order.*&limit=1").json()
    assert page["more"]
    rest = door.get(tokens[0], f"/v1/events?type=nostro.order.*&cursor={page['next']}").json()
    assert [item["type"] for item in rest["items"]] == ["nostro.order.received"]
    assert not rest["more"]
    none = door.get(tokens[0], f"/v1/events?type=nostro.run.*&cursor={rest['next']}").json()
    assert (none["items"], none["next"]) == ([], rest["next"])


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("type=order.moved", "type"),
        ("type=nostro.order.never", "type"),
        ("type=,", "type"),
        ("subject=ACME", "subject"),
        ("subject=order/1", "subject"),
        ("since=yesterday", "since"),
        ("until=1764500000", "until"),
    ],
)
def test_a_filter_of_events_that_cannot_be(two: Any, tokens: Any, query: str, field: str) -> None:
    told = door.get(tokens[0], f"/v1/events?{query}")
    assert told.status_code == 422
    assert field in told.json()["field"]


def test_health_needs_no_key(two: Any) -> None:
    told = door.browser().get("/v1/health").json()
    assert (told["status"], told["database"], told["version"]) == ("ok", "ok", __version__)


def routes() -> list[tuple[str, str]]:
    """Every operation of the description, so that a new one cannot be forgotten here."""
    paths = door.browser().get("/v1/openapi.json").json()["paths"]
    return [(method.upper(), path) for path, operations in paths.items() for method in operations]


def filled(path: str, seeded: seed.Seeded) -> str:
    """The address with ids of this customer; a made-up one where it has nothing of the kind."""
    ids = {"{payment_id}": seeded.order_ids[1], "{statement_id}": seeded.statement_id}
    with tenant(seeded.tenant_id):
        files, found = (
            submission_listing.submissions(submission_listing.FileFilter()).rows,
            case_listing.cases(case_listing.CaseFilter()).rows,
        )
    ids |= {"{submission_id}": files[0].id} if files else {}
    ids |= {"{case_id}": found[0].id} if found else {}
    named = path.replace("{kind_name}", "approval_rules")
    return re.sub(r"{\w+}", lambda found: str(ids.get(found[0], uuid4())), named)


def file(seeded: seed.Seeded) -> None:
    """A file with one payment of this customer, handed to its bank."""
    with tenant(seeded.tenant_id):
        kept = evidence.keep(
            door.new(), seeded.code.encode(), name=f"{seeded.code}.xml",
            media_type="application/xml", direction="out", now=seed.NOW,
        )  # fmt: skip
        row = SubmissionRow(
            id=door.new(), purpose=submissions.PAYMENTS, state=SubmissionState.DELIVERED,
            connection_id=seeded.connection_id, account_id=seeded.account_id,
            message_id=f"M-{seeded.code}", file_name=f"{seeded.code}.xml",
            media_type="application/xml", evidence_id=kept, line_count=1, totals={"EUR": 10002},
        )  # fmt: skip
        submissions.insert(row, seed.NOW)
        attempt = AttemptRow(
            id=door.new(), order_id=seeded.order_ids[-1], submission_id=row.id,
            state=AttemptState.DELIVERED, end_to_end_id=f"{seeded.code}-E2E", uetr=uuid4(),
            payment_information_id=f"{seeded.code}-B", execution_date=seed.TODAY,
            approval_digest="0" * 64,
        )  # fmt: skip
        submissions.insert_attempts([attempt], seed.NOW)


# Words that only one customer's answers may contain.
def marks(seeded: seed.Seeded) -> list[str]:
    found = [seeded.tenant_id, seeded.account_id, seeded.statement_id, *seeded.order_ids]
    return [seeded.code, *map(str, found), *map(str, seeded.transaction_ids)]


# What is asked in these is said again in the answer: it names our own.
_OWN = ("/v1/payments", "/v1/routes", "/v1/checks", "/v1/credit-notes", "/v1/open-items",
        "/v1/customers")  # fmt: skip


def test_no_route_shows_another_customer(two: Any, tokens: Any) -> None:
    person = door.person(two[:1], tuple(Role))
    approver = door.key(two[0], tuple(Scope), person_id=person)
    program = door.key(two[0], door.EVERYTHING)
    for method, path in routes():
        if path.endswith("webhooks") and method == "POST":
            continue  # It names no customer and would be made for our own.
        for token in (program, approver):
            if path.endswith(("approve", "decision")) and token == program:
                continue
            body = door.body_for(path, two[0] if path in _OWN else two[1])
            told = door.call(token, method, filled(path, two[1]), body, Idempotency_Key="leak")
            leaked = [mark for mark in marks(two[1]) if mark in _without_address(told)]
            assert not leaked, (method, path, told.content)
            if _takes_a_person(told, is_program=token == program):
                continue  # Said before anything is looked up.
            if "{" in path.replace("{kind_name}", "") and "callbacks" not in path:
                assert told.status_code == 404, (method, path, told.content)


def _takes_a_person(response: Any, *, is_program: bool) -> bool:
    """Deciding on access takes a person's scope, and the person himself, not his token."""
    told = response.content
    return b"presence_needed" in told or (is_program and b"scope_missing" in told)


def _without_address(response: Any) -> str:
    """The answer without the address that was asked for, which a problem repeats."""
    return re.sub(r'"instance":"[^"]*"', "", response.content.decode())


def test_unknown_ids_answer_as_other_customers_ids(two: Any, tokens: Any) -> None:
    other = door.get(tokens[0], f"/v1/payments/{two[1].order_ids[0]}")
    unknown = door.get(tokens[0], f"/v1/payments/{uuid4()}")
    assert _without_address(other) == _without_address(unknown)


@pytest.mark.parametrize("account", ["x", "1"])
def test_a_filter_that_is_no_id(two: Any, tokens: Any, account: str) -> None:
    told = door.is_problem(
        door.get(tokens[0], f"/v1/payments?account={account}"), 422, "request_invalid"
    )
    assert told["field"] == "account"


def test_a_filter_by_another_customers_account_finds_nothing(two: Any, tokens: Any) -> None:
    for path in ("payments", "statements", "balances"):
        found = door.get(tokens[0], f"/v1/{path}?account={two[1].account_id}").json()
        assert found == {"items": [], "next": None}


@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        ("limit=0", "limit_out_of_range", "limit"),
        ("limit=201", "limit_out_of_range", "limit"),
        ("limit=many", "request_invalid", "limit"),
        ("cursor=nonsense", "cursor_unknown", "cursor"),
        ("state=paid", "state_unknown", "state"),
        ("q=%00", "search_text_unfit", "q"),
        ("entity=%00", "search_text_unfit", "entity"),
        ("q=" + "x" * 101, "search_text_unfit", "q"),
    ],
)
def test_a_question_that_is_wrong(two: Any, tokens: Any, query: str, code: str, field: str) -> None:
    told = door.is_problem(door.get(tokens[0], f"/v1/payments?{query}"), 422, code)
    assert told["field"] == field
