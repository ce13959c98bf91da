"""A worker process: takes jobs until told to stop, ticks, and outlives a restart of PostgreSQL.

Built around the engine's edges (DESIGN section 6): `with_connector`, since the stock command
swaps the connector and jobs deferred inside a job would then survive a rollback; a loop around
it, since a database restart ends a worker without an error; a sweep for jobs of dead workers.
Calls to the programs of others have lanes of their own: one that is slow keeps no other waiting.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import msgspec
import structlog
from django.db import InterfaceError, OperationalError, close_old_connections, connections
from procrastinate import App
from procrastinate.contrib.django import app
from procrastinate.contrib.django.utils import connector_params
from procrastinate.exceptions import ConnectorException
from procrastinate.psycopg_connector import PsycopgConnector

from nostro.workflows.context import installed
from nostro.workflows.credentials import HourlyWatch
from nostro.workflows.log_verification import DailyVerification
from nostro.workflows.match_refitting import DailyRefit
from nostro.workflows.tick import tick

log = structlog.get_logger()

LOST = (ConnectorException, OperationalError, InterfaceError, OSError)
# Lanes share nothing but the process: neither places for jobs nor database connections.
PAYMENT_QUEUES = ("payments", "statements", "default")
WEBHOOK_QUEUES = ("webhooks",)
NAME_QUEUES = ("names",)  # Payees' banks asked for names; what waits for them waits in its row.
CLOCK_THREADS = 4  # Ticking, sealing, and a look before each lane takes work.


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How often a worker looks, in seconds, and how many jobs each lane takes at once."""

    poll: float = 0.5
    tick: float = 0.5
    heartbeat: float = 10.0
    sweep: float = 15.0
    stalled_after: float = 30.0
    concurrency: int = 2
    webhook_concurrency: int = 2
    name_concurrency: int = 1


class Worker:
    """Runs jobs and the house clock until `stop` is called.

    `beside` are tasks that may wait for others' systems, and keep neither clock nor sealer waiting.
    `alive` is called whenever the house clock has run, so whenever the database has answered.
    `before_work` is called before a lane takes any job, and again whenever the database was away:
    it may have come back as another one.
    """

    def __init__(
        self,
        seal: Callable[[], int],
        *,
        alive: Callable[[], None] = lambda: None,
        before_work: Callable[[], object] = lambda: None,
        beside: Sequence[Callable[[], int]] = (),
        pace: Pace | None = None,
    ) -> None:
        self._seal = seal
        self._beside = beside
        self._before_work = before_work
        self._alive = alive
        self._pace = pace or Pace()
        self._expiries = HourlyWatch()
        self._verification = DailyVerification()
        self._refit = DailyRefit()
        self._stopping = asyncio.Event()
        self._running: set[asyncio.Task[None]] = set()

    def stop(self) -> None:
        self._stopping.set()
        for running in self._running:
            running.cancel()  # The engine's word for: finish what you have, take no more.

    async def run(self) -> None:
        """Work until stopped. Raises when the house clock breaks: a worker without is no worker."""
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, self.stop)
        pace = self._pace
        jobs = pace.concurrency + pace.webhook_concurrency + pace.name_concurrency
        threads = jobs + CLOCK_THREADS + len(self._beside)
        loop.set_default_executor(ThreadPoolExecutor(threads))
        clockwork = [
            asyncio.create_task(self._every(task))
            for task in (self._tick_once, self._seal, *self._beside)
        ]
        for task in clockwork:
            task.add_done_callback(self._clock_ended)
        await asyncio.gather(
            self._keep_working(PAYMENT_QUEUES, pace.concurrency, listen=True),
            self._keep_working(WEBHOOK_QUEUES, pace.webhook_concurrency, listen=False),
            self._keep_working(NAME_QUEUES, pace.name_concurrency, listen=False),
        )
        await asyncio.gather(*clockwork)

    async def _keep_working(
        self, queues: tuple[str, ...], concurrency: int, *, listen: bool
    ) -> None:
        """One lane until told to stop, over every restart of the database."""
        while not self._stopping.is_set():
            try:
                await asyncio.to_thread(_with_fresh_connections, self._before_work)
                await self._work(queues, concurrency, listen=listen)
            except LOST as error:
                log.warning("worker_lost_database", error=str(error).strip()[:200])
            if not self._stopping.is_set():
                await asyncio.sleep(random.uniform(0.3, 1.0))  # noqa: S311 - spreads reconnects

    async def _work(self, queues: tuple[str, ...], concurrency: int, *, listen: bool) -> None:
        # A callable: each connection takes the password that is right when it is made.
        engine = app.with_connector(PsycopgConnector(kwargs=connector_params))
        async with engine.open_async():
            sweeper = asyncio.create_task(sweep_forever(engine, self._pace))
            running = asyncio.create_task(
                engine.run_worker_async(
                    queues=list(queues),  # psycopg takes a tuple for a record
                    concurrency=concurrency,
                    fetch_job_polling_interval=self._pace.poll,
                    update_heartbeat_interval=self._pace.heartbeat,
                    stalled_worker_timeout=self._pace.stalled_after,
                    delete_jobs="successful",
                    install_signal_handlers=False,
                    listen_notify=listen,
                )
            )
            self._running.add(running)
            if self._stopping.is_set():  # told so while the connection was being opened
                running.cancel()
            try:
                await running
            except asyncio.CancelledError:
                if not self._stopping.is_set():
                    raise
            finally:
                self._running.discard(running)
                sweeper.cancel()

    def _clock_ended(self, _: asyncio.Task[None]) -> None:
        self.stop()

    def _tick_once(self) -> int:
        now = installed().clock.now()
        self._expiries.look(now)
        self._verification.look(now)
        self._refit.look(now)
        return tick(now)

    async def _every(self, task: Callable[[], int]) -> None:
        while not self._stopping.is_set():
            try:
                await asyncio.to_thread(_with_fresh_connections, task)
                self._alive()
            except (OperationalError, InterfaceError) as error:
                log.warning("clock_lost_database", error=str(error).strip()[:200])
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), self._pace.tick)


async def sweep_forever(engine: App, pace: Pace) -> None:
    """Give jobs of workers that died back to the living. Steps may run twice; that is safe."""
    while True:
        try:
            await sweep(engine, pace.stalled_after)
        except LOST as error:
            log.warning("sweep_lost_database", error=str(error).strip()[:200])
        await asyncio.sleep(pace.sweep)


async def sweep(engine: App, stalled_after: float) -> int:
    """One sweep; returns how many jobs were taken over."""
    stalled = list(await engine.job_manager.get_stalled_jobs(seconds_since_heartbeat=stalled_after))
    for job in stalled:
        log.warning("job_taken_over", job=job.task_name, id=job.id)
        await engine.job_manager.retry_job(job)
    return len(stalled)


def _with_fresh_connections(task: Callable[[], object]) -> None:
    close_old_connections()
    try:
        task()
    finally:
        connections.close_all()
