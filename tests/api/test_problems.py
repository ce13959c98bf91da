"""Every error is a problem document, and none tells what is inside."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError
from django.test import override_settings

from nostro.api.describe import description
from nostro.domain.errors import InDoubt, Unavailable
from nostro.storage import listing, payment_search
from tests import seed
from tests.api import door

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def token(database: str) -> str:
    return door.key(seed.customer("PROB", payments=1))


@pytest.mark.parametrize(
    "path", ["nothing", "payments/x", "payments/", "docs", "", "payments/%0A", "payments/a%0Ab"]
)
def test_unknown_addresses(token: str, path: str) -> None:
    for method in ("GET", "POST", "DELETE"):
        door.is_problem(door.call(token, method, f"/v1/{path}", {}), 404, "not_found")


@pytest.mark.parametrize("method", ["DELETE", "PUT", "PATCH", "OPTIONS"])
def test_methods_that_do_not_exist(token: str, method: str) -> None:
    told = door.call(token, method, "/v1/payments", {})
    door.is_problem(told, 405, "method_not_allowed")
    assert set(told["Allow"].split(", ")) == {"GET", "POST"}


@pytest.mark.parametrize(
    "body",
    [b"{", b"\xff", b'{"a": NaN}', b'{"a": ' + b"[" * 100_000, b"1" * 5000],
)
def test_a_body_that_is_no_json(token: str, body: bytes) -> None:
    told = door.call(token, "POST", "/v1/payments", body, Idempotency_Key="x")
    door.is_problem(told, 400, "body_unreadable")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b'{"reference": "a", "reference": "a"}', "reference"),
        (b'{"amount": {"value": "1", "currency": "EUR", "value": "9"}}', "value"),
        (b'{"payments": [{"payee": {}, "payee": {}}]}', "payee"),
    ],
)
def test_a_field_told_twice(token: str, body: bytes, field: str) -> None:
    told = door.call(token, "POST", "/v1/payments", body, Idempotency_Key="x")
    assert door.is_problem(told, 422, "field_repeated")["field"] == field


@pytest.mark.parametrize(
    ("method", "path", "named"),
    [
        ("GET", "/v1/payments?stat=held", "stat"),
        ("GET", "/v1/payments?state=held&x=1", "x"),
        ("POST", "/v1/payments?dry_run=true", "dry_run"),
        ("GET", "/v1/events?after=1", "after"),
    ],
)
def test_a_query_parameter_that_does_not_exist(
    token: str, method: str, path: str, named: str
) -> None:
    told = door.is_problem(door.call(token, method, path, {}), 422, "parameter_unknown")
    assert told["field"] == named
    known = [one["name"] for one in _parameters(method, path) if one["in"] == "query"]
    assert all(name in told["can_do"] for name in known)


def _parameters(method: str, path: str) -> Any:
    return json.loads(description())["paths"][path.partition("?")[0]][method.lower()]["parameters"]


@pytest.mark.parametrize("body", [b"", b"[]", b"1", b"null", b'"x"', b'{"payments": {}}'])
def test_a_body_of_another_shape(token: str, body: bytes) -> None:
    told = door.call(token, "POST", "/v1/payments", body, Idempotency_Key="x")
    door.is_problem(told, 422, "request_invalid")


def test_a_body_too_large(token: str) -> None:
    with override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=10):
        told = door.call(token, "POST", "/v1/payments", b"x" * 11, Idempotency_Key="x")
    door.is_problem(told, 413, "body_too_large")


def test_an_unexpected_error_tells_a_reference_and_nothing_else(
    token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("secret inside")

    monkeypatch.setattr(payment_search, "payments", fail)
    response = door.get(token, "/v1/payments")
    told = door.is_problem(response, 500, "unexpected")
    assert told["reference"] in told["can_do"]
    assert b"secret" not in response.content
    assert b"ZeroDivision" not in response.content


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Unavailable("bank_away", "Away."), 503, "bank_away"),
        (InDoubt("in_doubt", "Who knows."), 502, "in_doubt"),
        (OperationalError("host 10.1.2.3 is gone"), 503, "database_unreachable"),
    ],
)
def test_other_failures(
    token: str, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, code: str
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(payment_search, "payments", fail)
    response = door.get(token, "/v1/payments")
    door.is_problem(response, status, code)
    assert b"10.1.2.3" not in response.content
    assert response.has_header("Retry-After") == (status == 503)


def test_health_says_when_the_database_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: Any) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(listing, "seal_lag", fail)
    door.is_problem(door.browser().get("/v1/health"), 503, "database_unreachable")


def test_the_description_is_served_and_kept_current(token: str) -> None:
    served = door.browser().get("/v1/openapi.json").json()
    assert served["openapi"].startswith("3.1")
    kept = (ROOT / "docs" / "openapi.json").read_text()
    assert kept == description(), "run: python -m nostro.api.describe > docs/openapi.json"
    assert json.loads(kept) == served


def test_every_operation_describes_its_problems() -> None:
    told = json.loads(description())
    for operations in told["paths"].values():
        for operation in operations.values():
            assert "application/problem+json" in operation["responses"]["default"]["content"]
