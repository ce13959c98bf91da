"""The worker process: takes jobs, ticks and seals until told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


def run() -> None:
    """`nostro worker`: start and work until told to stop."""
    from nostro import app
    from nostro.ops import logging

    logging.configure("worker")
    app.start()
    work()


def work(alive: Callable[[], None] = lambda: None) -> None:
    """Work until SIGTERM or SIGINT; `alive` is called while the database answers."""
    from nostro import app
    from nostro.ops import sealing
    from nostro.workflows.worker import Worker

    clock = app.world().clock

    async def until_stopped() -> None:
        await Worker(lambda: sealing.seal_all(clock.now()), alive=alive).run()

    asyncio.run(until_stopped())
