"""Programs that answer slowly keep no payment waiting: their calls have a lane of their own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec
import pytest
from django.db import connections
from procrastinate.contrib.django import app

from nostro.connectors.webhook_call import Called, Message, WebhookCaller
from nostro.ops import sealing
from nostro.workflows import context, jobs, webhook_endpoints, worker
from nostro.workflows import webhooks as telling
from nostro.workflows.worker import Pace, Worker
from tests.workflows.company import Company

QUICK = Pace(poll=0.05, tick=0.05, heartbeat=0.2, sweep=0.5, stalled_after=2)
ADDRESSES = 6
PATIENCE_SECONDS = 15


class SlowCaller(WebhookCaller):
    """Programs that take their time: none answers before the test lets them."""

    def __init__(self) -> None:
        super().__init__()
        self.answer = threading.Event()
        self.begun: list[str] = []

    def call(self, url: str, message: Message, secrets: Any, now: datetime) -> Called:
        self.begun.append(url)
        if not self.answer.wait(PATIENCE_SECONDS):
            return Called(said="nobody let it answer")
        return Called(status=204)


@pytest.fixture
def slow(company: Company) -> Iterator[SlowCaller]:
    made = SlowCaller()
    company.world = msgspec.structs.replace(company.world, webhook_caller=made)
    context.install(company.world)
    yield made
    made.answer.set()
    with connections["default"].cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")
    connections.close_all()


def test_a_payment_leaves_while_every_webhook_call_waits(
    company: Company, slow: SlowCaller
) -> None:
    for number in range(ADDRESSES):
        webhook_endpoints.register(company.acting(), f"https://erp.example/{number}")
    company.ask(company.request("TOLD"))
    sealing.seal_all(company.clock.now())
    with connections["default"].cursor() as cursor:  # Of the tests before this one.
        cursor.execute("DELETE FROM procrastinate_jobs")

    async def work() -> None:
        made = Worker(lambda: 0, pace=QUICK)
        running = asyncio.create_task(made.run())
        try:
            async with asyncio.timeout(PATIENCE_SECONDS - 5):
                while len(slow.begun) < QUICK.webhook_concurrency:
                    await asyncio.sleep(0.02)
                await asyncio.to_thread(pay)
                while not company.bank.received:
                    await asyncio.sleep(0.02)
            assert not slow.answer.is_set()
            assert len(slow.begun) == QUICK.webhook_concurrency, "no call takes a third place"
        finally:
            slow.answer.set()
            made.stop()
            async with asyncio.timeout(PATIENCE_SECONDS):
                await running

    def pay() -> None:
        try:
            company.pay(1, "LEAVES")
        finally:
            connections.close_all()

    asyncio.run(work())
    assert len(company.bank.received) == 1


def test_an_address_that_is_slow_lets_the_others_have_their_turn(
    company: Company, slow: SlowCaller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telling, "BATCH", 2)
    row, _ = webhook_endpoints.register(company.acting(), "https://erp.example/slow")
    company.ask(*(company.request(f"T{number}") for number in range(5)))
    sealing.seal_all(company.clock.now())
    telling.attend(company.job)

    class TakesLong(SlowCaller):
        def call(self, url: str, message: Message, secrets: Any, now: datetime) -> Called:
            self.begun.append(url)
            company.clock.advance(seconds=telling.TURN.total_seconds() / 3)
            return Called(status=204)

    caller = TakesLong()
    company.world = msgspec.structs.replace(company.world, webhook_caller=caller)
    assert telling.deliver(company.job, row.id) == len(caller.begun) == 4
    assert telling.deliver(company.job, row.id) > 0, "the rest is still due"


def test_every_queue_has_a_lane() -> None:
    assert jobs.deliver_webhook.queue in worker.WEBHOOK_QUEUES
    queues = {task.queue for name, task in app.tasks.items() if "procrastinate" not in name}
    assert queues >= {"payments", "webhooks"}
    assert jobs.ask_names.queue in worker.NAME_QUEUES
    assert queues <= {*worker.PAYMENT_QUEUES, *worker.WEBHOOK_QUEUES, *worker.NAME_QUEUES}
