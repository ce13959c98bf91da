"""Who may call: keys with scopes and ends, personal tokens, sessions with CSRF."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from nostro.app import world
from nostro.domain.party import Role
from nostro.storage import keys, models, people
from nostro.storage.keys import Scope
from nostro.storage.tenancy import tenant
from tests import seed
from tests.api import door
from tests.api.test_reading import file, filled, routes


@pytest.fixture(scope="module")
def here(database: str) -> seed.Seeded:
    made = seed.customer("CALL", payments=2)
    file(made)
    return made


def test_without_a_key_every_route_but_health_is_closed(here: seed.Seeded) -> None:
    for method, path in routes():
        told = door.call("", method, filled(path, here), {})
        if path == "/v1/health":
            assert told.status_code == 200
        elif path.startswith("/v1/callbacks/"):
            door.is_problem(told, 401, "callback_refused")
        else:
            door.is_problem(told, 401, "not_signed_in")
            assert told["WWW-Authenticate"].startswith("Bearer")


def test_a_key_without_scopes_opens_nothing(here: seed.Seeded) -> None:
    token = door.key(here, [])
    for method, path in routes():
        if path == "/v1/health" or path.startswith("/v1/callbacks/"):
            continue
        body = door.body_for(path, here)
        told = door.call(token, method, filled(path, here), body, Idempotency_Key="x")
        code = "keys_never_approve" if path.endswith(("approve", "decision")) else "scope_missing"
        door.is_problem(told, 403, code)


def test_each_scope_opens_its_routes_only(here: seed.Seeded) -> None:
    opened = {
        scope: {
            path
            for method, path in routes()
            if method == "GET"
            and path != "/v1/health"
            and door.get(door.key(here, [scope]), filled(path, here)).status_code == 200
        }
        for scope in door.READS
    }
    assert opened == {
        Scope.PAYMENTS_READ: {
            "/v1/approvals",
            "/v1/holds",
            "/v1/payments",
            "/v1/check-exceptions",
            "/v1/checks",
            "/v1/checks/gaps",
            "/v1/credit-notes",
            "/v1/nettings",
            "/v1/payments/confidential",
            "/v1/payments/funnel",
            "/v1/payments/{payment_id}",
            "/v1/payments/{payment_id}/remittance-advice/notices",
            "/v1/payments/{payment_id}/routes",
            "/v1/saved-filters",
        },
        Scope.STATEMENTS_READ: {
            "/v1/match-model",
            "/v1/match-model/classes",
            "/v1/intraday-reports",
            "/v1/matches",
            "/v1/pending-transactions",
            "/v1/statements",
            "/v1/statements/expected",
            "/v1/statements/{statement_id}",
            "/v1/statements/{statement_id}/transactions",
            "/v1/transactions",
        },
        Scope.ACCOUNTS_READ: {
            "/v1/accounts",
            "/v1/balances",
            "/v1/calendars",
            "/v1/calendars/banks",
            "/v1/calendars/cut-offs",
        },
        Scope.EVENTS_READ: {"/v1/events"},
        Scope.SUBMISSIONS_READ: {
            "/v1/submissions",
            "/v1/submissions/{submission_id}",
            "/v1/submissions/{submission_id}/attempts",
        },
        Scope.CASES_READ: {"/v1/cases", "/v1/cases/{case_id}", "/v1/payee-changes"},
        Scope.STOPS_READ: {"/v1/stops"},
        Scope.PAYEES_READ: {"/v1/payees"},
        Scope.OPEN_ITEMS_READ: {"/v1/customers", "/v1/open-items"},
        Scope.ACCESS_READ: {
            "/v1/people",
            "/v1/duties",
            "/v1/duties/conflicts",
            "/v1/keys",
            "/v1/change-requests",
            "/v1/policies",
            "/v1/policies/{kind_name}",
            "/v1/policies/{kind_name}/versions",
            "/v1/sign-on",
        },
    }


def test_a_key_that_ended(here: seed.Seeded, monkeypatch: pytest.MonkeyPatch) -> None:
    now = world().clock.now()
    token = door.key(here)
    with tenant(here.tenant_id):
        models.ApiKey.objects.filter(prefix=token.split("_")[1]).update(expires_at=now)
    door.is_problem(door.get(token, "/v1/payments"), 401, "key_expired")
    token = door.key(here)
    with tenant(here.tenant_id):
        assert keys.revoke(keys.issued()[0].id, now)
    door.is_problem(door.get(token, "/v1/payments"), 401, "key_revoked")
    door.is_problem(door.get(token[:-2] + "zz", "/v1/payments"), 401, "key_unknown")
    door.is_problem(door.get("", "/v1/payments"), 401, "not_signed_in")


def test_a_wrong_key_is_not_saved_by_a_session(here: seed.Seeded) -> None:
    client = door.signed_in(door.person([here], [Role.AUDITOR]))
    told = client.get("/v1/payments", headers={"Authorization": "Bearer nk_wrong"})
    door.is_problem(told, 401, "key_unknown")


def test_a_personal_token_goes_no_further_than_the_person(here: seed.Seeded) -> None:
    person_id = door.person([here], [Role.AUDITOR])
    token = door.key(here, tuple(Scope), person_id=person_id)
    assert door.get(token, "/v1/payments").status_code == 200
    door.is_problem(door.post(token, "/v1/payments", door.payment(here)), 403, "scope_missing")
    with tenant(here.tenant_id):
        people.withdraw(person_id)
    door.is_problem(door.get(token, "/v1/payments"), 403, "not_a_member")


def test_a_session_reads_and_needs_csrf_to_write(here: seed.Seeded) -> None:
    client = door.signed_in(door.person([here], [Role.MAKER]))
    assert len(client.get("/v1/payments").json()["items"]) == 2
    body = json.dumps(door.payment(here))
    headers = {"Idempotency-Key": "s-1"}
    told = client.post("/v1/payments", body, "application/json", headers=headers)
    door.is_problem(told, 403, "csrf_failed")
    client.cookies["csrftoken"] = "a" * 32
    headers["X-CSRFToken"] = "a" * 32
    told = client.post("/v1/payments", body, "application/json", headers=headers)
    assert told.status_code == 201, told.content


def test_a_session_of_several_customers_names_one(here: seed.Seeded) -> None:
    other = seed.customer("CALM", payments=1, iban=seed.IBANS[2])
    client = door.signed_in(door.person([here, other], [Role.AUDITOR]))
    door.is_problem(client.get("/v1/payments"), 422, "customer_not_chosen")
    found = client.get("/v1/payments", headers={"Nostro-Customer": "CALM"}).json()["items"]
    assert [item["entity"] for item in found] == ["E-CALM"]
    told = client.get("/v1/payments", headers={"Nostro-Customer": "NOBODY"})
    door.is_problem(told, 403, "not_a_member")
    session = client.session
    session["customer"] = str(here.tenant_id)
    session.save()
    found = client.get("/v1/payments").json()["items"]
    assert {item["entity"] for item in found} == {"E-CALL"}


def test_a_person_of_no_customer(here: seed.Seeded) -> None:
    client = door.signed_in(door.person([], []))
    door.is_problem(client.get("/v1/payments"), 403, "not_a_member")


_REFUSED_AT_ONCE = {(403, of) for of in ("scope_missing", "keys_never_approve", "not_yours_to_ask")}
# Statements of no customer: a transaction's own, who a person is, and which public lists there are.
_OF_NOBODY = ("BEGIN", "COMMIT", "ROLLBACK", 'SELECT "person".', 'SELECT "watch_list".')


# Routes that answer without a question to the app's role, and so without a customer, and why none
# of a customer's data can be in the answer. The database shows no row while none is chosen.
_ASKS_NOTHING = {
    "/v1/health": "counts over the whole installation, by the role that watches it",
    "/v1/callbacks/{callback_name}": "a name that nobody has is refused; a name is one customer's",
    "/v1/calendars": "bank days of clearings, which we bring: the same for everybody",
    "/v1/duties": "the table that the product decides by: the same for everybody",
}


def test_each_request_is_one_unit_of_work(here: seed.Seeded) -> None:
    person_id = door.person([here], [Role.TREASURER])
    for token in (door.key(here), door.key(here, tuple(Scope), person_id=person_id)):
        for method, path in routes():
            body, address = door.body_for(path, here), filled(path, here)
            with CaptureQueriesContext(connections["default"]) as asked:
                answer = door.call(token, method, address, body, Idempotency_Key=path)
            told = [found["sql"] for found in asked if not found["sql"].startswith(_OF_NOBODY)]
            if path in _ASKS_NOTHING:
                assert told == [], (method, path)
                continue
            if not told:  # Only who is refused by scopes or roles alone: nothing was looked at.
                refused = (answer.status_code, answer.json()["code"])
                assert refused in _REFUSED_AT_ONCE, (method, path, refused)
                continue
            assert "'app.tenant'" in told[0], (method, path, told[0])
            # Chosen anew, for another sight of it, it is the same customer.
            chosen = {sql.partition("'app.sight'")[0] for sql in told if "'app.tenant'" in sql}
            assert len(chosen) == 1, (method, path, chosen)


def test_every_answer_is_kept_out_of_caches(here: seed.Seeded) -> None:
    token: Any = door.key(here)
    assert door.get(token, "/v1/payments")["Cache-Control"] == "no-store"
    assert door.browser().get("/v1/health")["Cache-Control"] == "no-store"
