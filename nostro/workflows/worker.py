"""A worker process: takes jobs until told to stop, ticks, and outlives a restart of PostgreSQL.

Built around the engine's edges (DESIGN section 6): `with_connector`, since the stock command
swaps the connector and jobs deferred inside a job would then survive a rollback; a loop around
it, since a database restart ends a worker without an error; a sweep for jobs of dead workers.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
from collections.abc import Callable

import msgspec
import structlog
from django.db import InterfaceError, OperationalError, close_old_connections, connections
from procrastinate import App
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.exceptions import ConnectorException

from nostro.workflows.context import installed
from nostro.workflows.tick import tick

log = structlog.get_logger()

LOST = (ConnectorException, OperationalError, InterfaceError, OSError)


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How often a worker looks, in seconds, and how many jobs it takes at once."""

    poll: float = 0.5
    tick: float = 0.5
    heartbeat: float = 10.0
    sweep: float = 15.0
    stalled_after: float = 30.0
    concurrency: int = 2


class Worker:
    """Runs jobs and the house clock until `stop` is called.

    `alive` is called whenever the house clock has run, so whenever the database has answered.
    `before_work` is called before any job is taken, and again whenever the database was away: it
    may have come back as another one.
    """

    def __init__(
        self,
        seal: Callable[[], int],
        *,
        alive: Callable[[], None] = lambda: None,
        before_work: Callable[[], object] = lambda: None,
        pace: Pace | None = None,
    ) -> None:
        self._seal = seal
        self._before_work = before_work
        self._alive = alive
        self._pace = pace or Pace()
        self._stopping = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    def stop(self) -> None:
        self._stopping.set()
        if self._running:
            self._running.cancel()  # The engine's word for: finish what you have, take no more.

    async def run(self) -> None:
        """Work until stopped. Raises when the house clock breaks: a worker without is no worker."""
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, self.stop)
        clockwork = [
            asyncio.create_task(self._every(self._tick_once)),
            asyncio.create_task(self._every(self._seal)),
        ]
        for task in clockwork:
            task.add_done_callback(self._clock_ended)
        while not self._stopping.is_set():
            try:
                await asyncio.to_thread(_with_fresh_connections, self._before_work)
                await self._work()
            except LOST as error:
                log.warning("worker_lost_database", error=str(error).strip()[:200])
            if not self._stopping.is_set():
                await asyncio.sleep(random.uniform(0.3, 1.0))  # noqa: S311 - spreads reconnects
        await asyncio.gather(*clockwork)

    async def _work(self) -> None:
        engine = app.with_connector(DjangoConnector(alias="default").get_worker_connector())
        async with engine.open_async():
            sweeper = asyncio.create_task(sweep_forever(engine, self._pace))
            self._running = asyncio.create_task(
                engine.run_worker_async(
                    concurrency=self._pace.concurrency,
                    fetch_job_polling_interval=self._pace.poll,
                    update_heartbeat_interval=self._pace.heartbeat,
                    stalled_worker_timeout=self._pace.stalled_after,
                    delete_jobs="successful",
                    install_signal_handlers=False,
                    listen_notify=True,
                )
            )
            if self._stopping.is_set():  # told so while the connection was being opened
                self._running.cancel()
            try:
                await self._running
            except asyncio.CancelledError:
                if not self._stopping.is_set():
                    raise
            finally:
                sweeper.cancel()

    def _clock_ended(self, _: asyncio.Task[None]) -> None:
        self.stop()

    def _tick_once(self) -> int:
        return tick(installed().clock.now())

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
