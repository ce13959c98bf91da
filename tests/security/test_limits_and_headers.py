"""What holds for every answer: its headers, how often one may ask, how much may be sent."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.http import HttpRequest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from nostro import app
from nostro.api import rate_limits
from nostro.api.callers import Key
from nostro.console.security import HEADERS
from nostro.domain.errors import Unavailable
from nostro.domain.party import Role
from nostro.ops.rate_limit import Limiter, Rate
from tests import seed
from tests.api import door

moments = st.lists(st.integers(0, 3000), min_size=1, max_size=200)


@pytest.fixture(scope="module")
def two(database: str) -> tuple[seed.Seeded, seed.Seeded]:
    return seed.customer("MANY", payments=1), seed.customer("FEW", payments=1, iban=seed.IBANS[2])


@pytest.fixture
def one_a_second(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An installation that lets a key ask once a second, and a customer three times."""
    before = app.configuration()
    monkeypatch.setenv("NOSTRO_API_REQUESTS_PER_SECOND", "1")
    app.configuration.cache_clear()
    rate_limits._rates.cache_clear()
    rate_limits._limiter.forget()
    yield
    monkeypatch.undo()
    app.configuration.cache_clear()
    rate_limits._rates.cache_clear()
    rate_limits._limiter.forget()
    assert app.configuration() == before


@given(st.integers(1, 50), moments)
def test_never_more_than_the_burst_and_what_time_brought(per_second: int, steps: list[int]) -> None:
    limiter, rate, now, taken = Limiter(), Rate(per_second), 0, 0
    for step in steps:
        now += step
        taken += limiter.take("one", rate, now) == 0
        assert taken <= rate.burst + now * per_second / 1000


@given(st.integers(1, 50), moments)
def test_who_waits_as_long_as_told_is_let_in(per_second: int, steps: list[int]) -> None:
    limiter, rate, now = Limiter(), Rate(per_second), 0
    for _ in range(rate.burst):
        assert limiter.take("one", rate, now) == 0
    for step in steps:
        now += step
        wait = limiter.take("one", rate, now)
        if wait:
            now += wait
            assert limiter.take("one", rate, now) == 0
        assert limiter.take("another", Rate(1000), now) == 0


def test_zero_is_no_limit() -> None:
    limiter = Limiter()
    assert {limiter.take("one", Rate(0), 0) for _ in range(1000)} == {0}


def test_counting_costs_next_to_nothing() -> None:
    """Two buckets a request must stay far below the 0.3 ms of CPU that a payment may cost more."""
    limiter, began = Limiter(), time.process_time()
    for number in range(20_000):
        limiter.take(f"key {number % 12_000}", Rate(200), number)
    assert (time.process_time() - began) / 10_000 < 0.0003


def asking(token: str) -> HttpRequest:
    request = HttpRequest()
    request.auth = Key().authenticate(request, token)  # type: ignore[attr-defined]
    return request


def used_up(token: str, rate: int) -> None:
    """Take all that this key may take, as of an hour from now: nothing comes back meanwhile."""
    request, later = asking(token), time.monotonic_ns() // 1_000_000 + 3_600_000
    for _ in range(Rate(rate).burst):
        rate_limits.check(request, later)
    with pytest.raises(Unavailable, match="More requests"):
        rate_limits.check(request, later)


def test_a_key_that_asks_too_often_is_told_when_to_come_back(two: Any, one_a_second: None) -> None:
    token, other = door.key(two[0]), door.key(two[1])
    assert door.get(token, "/v1/accounts").status_code == 200
    used_up(door.key(two[0]), 1)
    used_up(token, 1)
    answer = door.get(token, "/v1/accounts")
    told = door.is_problem(answer, 429, "too_many_requests")
    assert answer["Retry-After"] == "1"
    assert told["did"] == "This one was not looked at; nothing was done."
    assert door.get(other, "/v1/accounts").status_code == 200


def test_many_keys_of_one_customer_are_counted_together(two: Any, one_a_second: None) -> None:
    for _ in range(3):
        used_up(door.key(two[1]), 1)
    door.is_problem(door.get(door.key(two[1]), "/v1/accounts"), 429, "too_many_requests")


ANSWERS: dict[str, dict[str, Any]] = {
    "page": {"path": "/"},
    "sign-in": {"path": "/sign-in/"},
    "static": {"path": "/static/console/console.css"},
    "no such page": {"path": "/nothing/"},
    "without the slash": {"path": "/payments"},
    "api": {"path": "/v1/health"},
    "api without a key": {"path": "/v1/payments"},
    "no such address": {"path": "/v1/nothing"},
    "another host": {"path": "/", "headers": {"Host": "evil.example"}},
    "forged form": {"path": "/preferences/", "method": "POST"},
}


@pytest.mark.parametrize("name", ANSWERS)
def test_every_answer_has_the_headers(two: Any, name: str) -> None:
    asked = dict(ANSWERS[name])
    client = Client(enforce_csrf_checks=True, SERVER_NAME="localhost")
    answer = client.generic(asked.pop("method", "GET"), asked.pop("path"), **asked)
    missing = {key: answer.get(key) for key, value in HEADERS.items() if answer.get(key) != value}
    assert not missing
    assert "unsafe" not in answer["Content-Security-Policy"]
    if name == "another host":
        assert answer.status_code == 400
        assert b"evil.example" not in answer.content


def test_cookies_are_out_of_reach_of_scripts_and_other_sites(two: Any) -> None:
    person_id = door.person([two[0]], [Role.AUDITOR])
    client = door.browser()
    assert client.login(email=f"{person_id}@example.com", password=door.PASSWORD)
    client.get("/")
    session = client.cookies["sessionid"]
    assert session["httponly"]
    assert session["samesite"] == "Lax"
    client.get("/password/")
    assert client.cookies["csrftoken"]["samesite"] == "Lax"


def test_a_form_that_is_too_large_is_not_read(two: Any) -> None:
    person_id = door.person([two[0]], tuple(Role))
    client = door.browser()
    assert client.login(email=f"{person_id}@example.com", password=door.PASSWORD)
    answer = client.post("/preferences/", {"next": "/"}, CONTENT_LENGTH=str(64 * 1024 * 1024))
    assert answer.status_code == 413
