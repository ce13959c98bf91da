"""A worker process: takes jobs until told to stop, ticks, and outlives a restart of PostgreSQL.

Built around the engine's edges (DESIGN section 6): `with_connector`, since the stock command
swaps the connector and jobs deferred inside a job would then survive a rollback; a loop around
it, since a database restart ends a worker without an error; a sweep for jobs of dead workers.
"""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import Callable

import structlog
from django.db import OperationalError, close_old_connections, connections
from procrastinate import App
from procrastinate.contrib.django import DjangoConnector, app
from procrastinate.exceptions import ConnectorException

from nostro.workflows.context import installed
from nostro.workflows.tick import tick

log = structlog.get_logger()

POLL_SECONDS = 0.5
TICK_SECONDS = 0.5
SWEEP_SECONDS = 15.0
STALLED_AFTER_SECONDS = 30.0
CONCURRENCY = 2


class Worker:
    """Runs jobs and the house clock until `stop` is called."""

    def __init__(self, seal: Callable[[], int]) -> None:
        self._seal = seal
        self._stopping = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    def stop(self) -> None:
        self._stopping.set()
        if self._running:
            self._running.cancel()  # The engine's word for: finish what you have, take no more.

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, self.stop)
        clockwork = [
            asyncio.create_task(self._every(TICK_SECONDS, self._tick_once)),
            asyncio.create_task(self._every(TICK_SECONDS, self._seal)),
        ]
        while not self._stopping.is_set():
            try:
                await self._work()
            except (ConnectorException, OperationalError, OSError) as error:
                log.warning("worker_lost_database", error=str(error).strip()[:200])
            if not self._stopping.is_set():
                await asyncio.sleep(random.uniform(0.3, 1.0))  # noqa: S311 - spreads reconnects
        for task in clockwork:
            task.cancel()
        await asyncio.gather(*clockwork, return_exceptions=True)

    async def _work(self) -> None:
        engine = app.with_connector(DjangoConnector(alias="default").get_worker_connector())
        async with engine.open_async():
            sweeper = asyncio.create_task(sweep_forever(engine))
            self._running = asyncio.create_task(
                engine.run_worker_async(
                    concurrency=CONCURRENCY,
                    fetch_job_polling_interval=POLL_SECONDS,
                    delete_jobs="successful",
                    install_signal_handlers=False,
                    listen_notify=True,
                )
            )
            try:
                await self._running
            except asyncio.CancelledError:
                if not self._stopping.is_set():
                    raise
            finally:
                sweeper.cancel()

    def _tick_once(self) -> int:
        return tick(installed().clock.now())

    async def _every(self, seconds: float, task: Callable[[], int]) -> None:
        while not self._stopping.is_set():
            try:
                await asyncio.to_thread(_with_fresh_connections, task)
            except OperationalError as error:
                log.warning("clock_lost_database", error=str(error).strip()[:200])
            await asyncio.sleep(seconds)


async def sweep_forever(engine: App) -> None:
    """Give jobs of workers that died back to the living. Steps may run twice; that is safe."""
    while True:
        stalled = await engine.job_manager.get_stalled_jobs(
            seconds_since_heartbeat=STALLED_AFTER_SECONDS
        )
        for job in stalled:
            log.warning("job_taken_over", job=job.task_name, id=job.id)
            await engine.job_manager.retry_job(job)
        await asyncio.sleep(SWEEP_SECONDS)


def _with_fresh_connections(task: Callable[[], int]) -> int:
    close_old_connections()
    try:
        return task()
    finally:
        connections.close_all()
