"""The job engine's edges that we build around (DESIGN section 6), each provoked once."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from django.db import DatabaseError, InterfaceError, connections, transaction
from procrastinate import App
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector

from nostro.domain.order import OrderState
from nostro.ops.calendar import HolidayCalendar
from nostro.ops.clock import SystemClock
from nostro.ops.identifiers import TimeOrderedIds
from nostro.ops.secrets import FileSecrets
from nostro.storage import due, orders
from nostro.storage.server import Server
from nostro.storage.tenancy import tenant
from nostro.workflows import context
from nostro.workflows import tick as ticking
from nostro.workflows.jobs import fresh
from nostro.workflows.tick import tick
from nostro.workflows.wake import wake
from nostro.workflows.worker import Pace, Worker, sweep
from tests import seed
from tests.database import Cluster
from tests.needs import absent

ROOT = Path(__file__).parents[2]
QUICK = Pace(poll=0.1, tick=0.1, heartbeat=0.2, sweep=0.2, stalled_after=0.8)
NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)

done = threading.Event()


@app.task(name="edge_say_done")
@fresh
def say_done() -> None:
    done.set()


@app.task(name="edge_wake_then_fail")
@fresh
def wake_then_fail() -> None:
    with transaction.atomic():
        wake("edge_say_done")
        raise RuntimeError("rolled back")


@pytest.fixture(autouse=True)
def clean(database: str, tmp_path: Path) -> Iterator[None]:
    context.install(
        context.World(
            clock=SystemClock(),
            ids=TimeOrderedIds(),
            secrets=FileSecrets(tmp_path),
            calendar=HolidayCalendar(),
        )
    )
    done.clear()
    yield
    with connections["default"].cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")
    connections.close_all()


def jobs(name: str = "%") -> list[tuple[str, str]]:
    """Names and states of what is queued."""
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "SELECT task_name, status::text FROM procrastinate_jobs"
            " WHERE task_name LIKE %s ORDER BY id",
            [name],
        )
        return [(str(task), str(status)) for task, status in cursor.fetchall()]


async def until(condition: Callable[[], bool], seconds: float = 8) -> None:
    async with asyncio.timeout(seconds):
        while not await asyncio.to_thread(_asked, condition):
            await asyncio.sleep(0.05)


def _asked(condition: Callable[[], bool]) -> bool:
    try:
        return condition()
    except (DatabaseError, InterfaceError, OSError):
        return False
    finally:
        connections.close_all()


@contextlib.asynccontextmanager
async def working(made: Worker | None = None) -> AsyncIterator[Worker]:
    """Our worker, running until the end of the block."""
    made = made or Worker(lambda: 0, pace=QUICK)
    running = asyncio.create_task(made.run())
    try:
        yield made
    finally:
        made.stop()
        async with asyncio.timeout(8):
            await running


@contextlib.asynccontextmanager
async def engine() -> AsyncIterator[App]:
    """The engine as our worker opens it."""
    made = app.with_connector(DjangoConnector(alias="default").get_worker_connector())
    async with made.open_async():
        yield made


def in_loop(work: Callable[[], Awaitable[None]]) -> None:
    async def all_of_it() -> None:
        await work()

    asyncio.run(all_of_it())


# ---- A restart of PostgreSQL


def test_a_worker_outlives_a_restart_of_postgresql(cluster: Cluster, database: str) -> None:
    own = Server(Path(os.environ["NOSTRO_HOME"]) / "postgresql")
    if own.admin_url() != cluster.admin_url:
        absent("an embedded server that the test may restart")
    beats: list[int] = []

    async def work() -> None:
        made = Worker(lambda: 0, alive=lambda: beats.append(1), pace=QUICK)
        async with working(made):
            await until(lambda: bool(beats))
            await asyncio.to_thread(own.stop)
            await asyncio.to_thread(own.ensure)
            beats.clear()
            await asyncio.to_thread(_wake_and_close)
            await until(done.is_set)
            await until(lambda: bool(beats))

    in_loop(work)


def _wake_and_close() -> None:
    connections.close_all()
    wake("edge_say_done")
    connections.close_all()


# ---- What a job defers belongs to the job's transaction


def test_what_a_job_defers_is_rolled_back_with_it() -> None:
    wake("edge_wake_then_fail")

    async def work() -> None:
        async with working():
            await until(lambda: ("edge_wake_then_fail", "failed") in jobs())

    in_loop(work)
    assert jobs("edge_say_done") == []
    assert not done.is_set()


def test_the_stock_way_leaves_one_behind() -> None:
    """`replace_connector` is what the engine's own command does. It shows that our proof bites."""
    wake("edge_wake_then_fail")

    async def work() -> None:
        with app.replace_connector(DjangoConnector(alias="default").get_worker_connector()) as made:
            async with made.open_async():
                await made.run_worker_async(
                    wait=False, install_signal_handlers=False, listen_notify=False
                )

    in_loop(work)
    connections.close_all()
    assert ("edge_wake_then_fail", "failed") in jobs()
    assert done.is_set() or jobs("edge_say_done"), "it was deferred outside the transaction"


# ---- Duplicates


def test_a_duplicate_wake_up_does_not_abort_the_transaction() -> None:
    with transaction.atomic():
        assert wake("edge_say_done", row_id=1)
        assert not wake("edge_say_done", row_id=1)
        assert wake("edge_say_done", row_id=2)
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT 1")
    assert len(jobs("edge_say_done")) == 2


# ---- Killed workers

_STUCK = """
import asyncio, time
import django
django.setup()
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector
@app.task(name="edge_stuck")
def stuck():
    print("stuck", flush=True)
    time.sleep(60)
async def work():
    made = app.with_connector(DjangoConnector(alias="default").get_worker_connector())
    async with made.open_async():
        await made.run_worker_async(update_heartbeat_interval=0.2, listen_notify=False,
            fetch_job_polling_interval=0.1, install_signal_handlers=False)
asyncio.run(work())
"""


@app.task(name="edge_stuck")
@fresh
def stuck() -> None:
    done.set()


def test_the_job_of_a_killed_worker_is_taken_over(database: str) -> None:
    wake("edge_stuck")
    environment = {**os.environ, "NOSTRO_DATABASE_URL": database, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", _STUCK], env=environment, stdout=subprocess.PIPE, text=True
    ) as victim:
        assert victim.stdout is not None
        assert victim.stdout.readline() == "stuck\n"
        victim.send_signal(signal.SIGKILL)
    assert jobs() == [("edge_stuck", "doing")]

    async def work() -> None:
        async with working():
            await until(done.is_set)
            await until(lambda: jobs() == [])

    in_loop(work)


def test_the_job_of_a_living_worker_is_left_alone() -> None:
    async def work() -> None:
        async with engine() as made:
            number = await made.job_manager.register_worker()
            await asyncio.to_thread(_wake_and_close)
            job = await made.job_manager.fetch_job(queues=None, worker_id=number)
            assert job is not None
            assert await sweep(made, stalled_after=30) == 0
            assert await sweep(made, stalled_after=0) == 1

    in_loop(work)


# ---- The house clock


def test_a_broken_clock_ends_the_worker_loudly() -> None:
    def broken() -> int:
        raise ArithmeticError("the seal is broken")

    async def work() -> None:
        await Worker(broken, pace=QUICK).run()

    with pytest.raises(ArithmeticError):
        in_loop(work)


@pytest.fixture(scope="module")
def customers(database: str) -> list[UUID]:
    made = [seed.customer(code, payments=1).tenant_id for code in ("TICK1", "TICK2")]
    connections.close_all()
    return made


@pytest.fixture
def due_now(customers: list[UUID]) -> int:
    """How many rows are due: one order for each customer."""
    for tenant_id in customers:
        with tenant(tenant_id):
            ids = [row.id for row in orders.in_state(OrderState.HELD)]
            orders.act_at(ids, NOW)
            with connections["default"].cursor() as cursor:
                cursor.execute("UPDATE connection SET next_action_at = NULL")
    return len(customers)


def test_two_ticks_at_once_lease_nothing_twice(due_now: int) -> None:
    both_here = threading.Barrier(2, timeout=5)
    woken: list[int] = []

    def one() -> None:
        both_here.wait()
        try:
            woken.append(tick(NOW))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(woken) == [0, due_now]
    assert len(jobs("release_payments")) == due_now


def test_a_tick_yields_to_the_one_that_is_ticking(due_now: int) -> None:
    with due.only_one_ticks() as mine:
        assert mine
        other: list[int] = []

        def tries() -> None:
            other.append(tick(NOW))
            connections.close_all()

        thread = threading.Thread(target=tries)
        thread.start()
        thread.join()
    assert other == [0]
    assert tick(NOW) == due_now


def test_a_lost_wake_up_is_due_again(due_now: int) -> None:
    assert tick(NOW) == due_now
    with connections["default"].cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")
    assert tick(NOW) == 0
    assert tick(NOW + ticking.LEASE) == due_now
    assert len(jobs("release_payments")) == due_now


def test_a_tick_that_dies_before_it_wakes_loses_nothing(
    due_now: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def power_cut(*_: object, **__: object) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(ticking, "wake", power_cut)
        with pytest.raises(KeyboardInterrupt):
            tick(NOW)
    assert jobs("release_payments") == []
    assert tick(NOW + ticking.LEASE) == due_now
