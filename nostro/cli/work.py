"""The worker process: takes jobs, ticks and seals until told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import structlog

log = structlog.get_logger()


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
    from nostro.workflows import restoring
    from nostro.workflows.worker import Worker

    clock, home = app.world().clock, app.configuration().home

    async def until_stopped() -> None:
        await Worker(
            going_on(lambda: seal_and_sign(home, clock.now())),
            alive=alive,
            before_work=lambda: restoring.quarantine_restored(home),
        ).run()

    asyncio.run(until_stopped())


def seal_and_sign(home: Path, now: datetime) -> int:
    """Seal what waits, then sign what grew and let it leave the database; returns how many events
    were sealed. A place that cannot be written to keeps nobody from sealing."""
    from nostro import app
    from nostro.ops import checkpoint_places, checkpoints
    from nostro.workflows import restoring

    made = restoring.seal_and_note(home, now)
    try:
        checkpoints.attend(
            checkpoint_places.signing_keys(app.configuration().secrets_home),
            checkpoint_places.places(home),
            now,
        )
    except OSError as error:
        log.warning("checkpoint_not_exported", error=str(error))
    return made


def going_on(seal: Callable[[], int]) -> Callable[[], int]:
    """Sealing that ends no worker: one customer's trouble is logged once, and tried again.

    A database that is away is raised as before; the worker waits for it.
    """
    from django.db import DatabaseError, OperationalError

    said = ""

    def sealed() -> int:
        nonlocal said
        try:
            made = seal()
        except OperationalError:
            raise
        except (TypeError, ValueError, DatabaseError) as error:
            if repr(error) != said:
                log.exception("sealing_failed")
            said = repr(error)
            return 0
        said = ""
        return made

    return sealed
