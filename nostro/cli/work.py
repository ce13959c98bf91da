"""The worker process: takes jobs, ticks and seals until told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog

if TYPE_CHECKING:
    from nostro.ops.checkpoints import Place
    from nostro.ports import Clock

log = structlog.get_logger()
PAUSE: Final = timedelta(seconds=30)  # After a place outside could not be written to.


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
    from nostro.ops import checkpoint_places
    from nostro.workflows import evidence_moving, restoring
    from nostro.workflows.worker import Worker

    clock, chosen = app.world().clock, app.configuration()
    home, places = chosen.home, checkpoint_places.places(chosen.home, chosen.secrets_home)

    async def until_stopped() -> None:
        await Worker(
            going_on(lambda: seal_and_sign(home, clock.now())),
            alive=alive,
            before_work=lambda: restoring.quarantine_restored(home),
            beside=[exporting(places, clock), evidence_moving.Attending()],
        ).run()

    asyncio.run(until_stopped())


def seal_and_sign(home: Path, now: datetime) -> int:
    """Seal what waits, then sign what grew; returns how many events were sealed."""
    from nostro import app
    from nostro.ops import checkpoint_places, checkpoints
    from nostro.workflows import restoring

    made = restoring.seal_and_note(home, now)
    checkpoints.sign(checkpoint_places.signing_keys(app.configuration().secrets_home), now)
    return made


def exporting(places: Sequence[Place], clock: Clock) -> Callable[[], int]:
    """Let what was signed leave the database. A place that cannot be written to is told, and asked
    again after PAUSE; meanwhile it waits in the database, in order."""
    from nostro.domain.errors import Refused, Unavailable
    from nostro.ops import checkpoints

    again_at: datetime | None = None

    def export() -> int:
        nonlocal again_at
        now = clock.now()
        if again_at is not None and again_at - PAUSE <= now < again_at:
            return 0
        again_at = None
        try:
            return checkpoints.export(places, now)
        except (OSError, Unavailable, Refused) as error:
            log.error("checkpoint_not_exported", error=str(error))
            again_at = now + PAUSE
            return 0

    return export


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
