"""The same request twice: one answer, one piece of work, whatever the race."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from django.db import connections

from nostro.domain.errors import Invalid, Refused
from nostro.ops.identifiers import TimeOrderedIds
from nostro.storage import events
from nostro.storage.idempotency import Answer, differences, once
from nostro.storage.tenancy import tenant
from tests import seed

BODY = {"amount": {"value": "10.00", "currency": "EUR"}, "invoices": ["A", "B"]}
new = TimeOrderedIds().new


@pytest.fixture(scope="module")
def here(database: str) -> seed.Seeded:
    return seed.customer("IDEM", payments=0)


def ask(here: seed.Seeded, key: str, body: Any = BODY, says: str = "first") -> Answer:
    with tenant(here.tenant_id):
        return once(
            "POST /x", key, body, lambda: Answer(status=201, body={"says": says}), now=seed.NOW
        )


def test_the_same_request_again_gives_the_first_answer(here: seed.Seeded) -> None:
    assert ask(here, "k1") == Answer(status=201, body={"says": "first"})
    again = ask(here, "k1", dict(reversed(BODY.items())), says="second")
    assert again == Answer(status=201, body={"says": "first"}, repeated=True)


def test_another_body_is_refused_naming_the_fields(here: seed.Seeded) -> None:
    ask(here, "k2")
    other = {"amount": {"value": "10.01", "currency": "EUR"}, "invoices": ["A"], "more": "x"}
    with pytest.raises(Invalid) as told:
        ask(here, "k2", other)
    assert told.value.code == "idempotency_key_reused"
    assert "amount.value, invoices[1], more" in told.value.happened
    assert told.value.field == "amount.value"


def test_a_failed_request_is_not_remembered(here: seed.Seeded) -> None:
    def fail() -> Answer:
        raise Refused("no", "No.")

    with pytest.raises(Refused), tenant(here.tenant_id):
        once("POST /x", "k3", BODY, fail, now=seed.NOW)
    assert ask(here, "k3", says="after the failure").body == {"says": "after the failure"}


def test_keys_of_customers_and_operations_are_apart(here: seed.Seeded) -> None:
    other = seed.customer("IDEM2", payments=0, iban=seed.IBANS[2])
    assert ask(here, "k4", says="here").body == {"says": "here"}
    assert ask(other, "k4", says="there").body == {"says": "there"}
    with tenant(here.tenant_id):
        found = once("POST /y", "k4", {}, lambda: Answer(status=200, body=1), now=seed.NOW)
    assert not found.repeated


@pytest.mark.parametrize("key", ["", "a b", "é", "x" * 256, "a\nb"])
def test_a_key_is_plain_text(here: seed.Seeded, key: str) -> None:
    with pytest.raises(Invalid, match="visible ASCII"):
        ask(here, key)


def test_sixteen_at_once_make_one_winner_and_sixteen_equal_answers(here: seed.Seeded) -> None:
    count = 16
    start, subject = threading.Barrier(count), uuid4()

    def work() -> Answer:
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT pg_sleep(0.05)")  # Wide enough that all the others arrive.
        events.record([seed.event("raced", subject)])
        return Answer(status=201, body={"id": str(new())})

    def one(_: int) -> Answer:
        start.wait()
        try:
            with tenant(here.tenant_id):
                return once("POST /x", "race", BODY, work, now=seed.NOW)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as threads:
        answers = list(threads.map(one, range(count)))
    assert [answer.repeated for answer in answers].count(False) == 1
    assert len({answer.body["id"] for answer in answers}) == 1
    with tenant(here.tenant_id):
        assert len(events.about([subject])) == 1


def test_a_winner_that_fails_leaves_the_work_to_the_next(here: seed.Seeded) -> None:
    start, failed = threading.Barrier(4), threading.Lock()

    def work() -> Answer:
        if failed.acquire(blocking=False):
            raise Refused("no", "No.")
        return Answer(status=201, body={"id": str(new())})

    def one(_: int) -> Answer | None:
        start.wait()
        try:
            with tenant(here.tenant_id):
                return once("POST /x", "race-2", BODY, work, now=seed.NOW)
        except Refused:
            return None
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(one, range(4)))
    given = [answer for answer in answers if answer]
    assert len(given) == 3
    assert len({answer.body["id"] for answer in given}) == 1


@pytest.mark.parametrize(
    ("before", "now", "fields"),
    [
        ({"a": "1"}, {"a": "1"}, []),
        ({"a": "1"}, {"a": 1}, ["a"]),
        ({"a": True}, {"a": 1}, ["a"]),
        ([{"a": "1"}], [{"a": "2"}, {}], ["[0].a", "[1]"]),
        ({"p": [{"a": None}]}, {"p": [{}]}, ["p[0].a"]),
        ("x", {"a": "1"}, ["body"]),
    ],
)
def test_differences(before: Any, now: Any, fields: list[str]) -> None:
    assert list(differences(before, now)) == fields
