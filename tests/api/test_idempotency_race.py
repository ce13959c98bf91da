"""Sixty-four programs at once with one idempotency key: one payment, one answer."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connections

from nostro.storage import payment_search
from nostro.storage.tenancy import tenant
from tests import seed
from tests.api import door

WAYS = 64


def test_one_winner_and_others_are_told_the_field(database: str) -> None:
    """Half send one amount, half another: whoever wins, the other half learns what differs."""
    here = seed.customer("RACE", payments=0)
    door.payee(here)
    token, start = door.key(here), threading.Barrier(WAYS)
    bodies = [
        door.payment(here, "raced", amount={"value": value, "currency": "EUR"})
        for value in ("12.30", "12.31")
    ]

    def one(number: int) -> tuple[int, int, Any]:
        start.wait()
        try:
            told = door.post(token, "/v1/payments", bodies[number % 2], "race-64")
            return number % 2, int(told.status_code), told.json()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(WAYS) as threads:
        answers = list(threads.map(one, range(WAYS)))
    (winner,) = {half for half, status, _ in answers if status == 201}
    won = [told for half, _, told in answers if half == winner]
    lost = [(status, told["code"], told["field"]) for half, status, told in answers
            if half != winner]  # fmt: skip
    assert all(told == won[0] for told in won)
    assert set(lost) == {(422, "idempotency_key_reused", "amount.value")}
    assert (len(won), len(lost)) == (WAYS // 2, WAYS // 2)
    with tenant(here.tenant_id):
        assert sum(row.count for row in payment_search.funnel()) == 1
