"""How work is woken: a job deferred in the same transaction as the change that needs it.

The engine only wakes; our tables are the truth. A duplicate wake-up is dropped, a lost one is
made up by the tick.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

# Lists come in portions, and some systems tell item by item all day: those within this time are one
# look at the lines that wait, which takes seconds where thousands do.
_GATHER: Final = timedelta(seconds=30)


def wake_lines(tenant_id: UUID, entity_id: UUID) -> bool:
    """More is known of what an entity is owed: its receipts that wait are looked at again soon."""
    return _defer("look_at_lines_again", _GATHER, tenant_id=tenant_id, entity_id=entity_id)


def wake(job: str, **ids: object) -> bool:
    """Defer a job by name with ids only; False when the same wake-up is already waiting."""
    return _defer(job, timedelta(0), **ids)


def _defer(job: str, after: timedelta, **ids: object) -> bool:
    """The savepoint keeps a duplicate from aborting the surrounding transaction."""
    arguments = {name: str(value) for name, value in ids.items()}
    lock = "/".join([job, *arguments.values()])
    try:
        with transaction.atomic():
            later = {"seconds": int(after.total_seconds())} if after else None
            app.configure_task(job, queueing_lock=lock, schedule_in=later).defer(**arguments)
    except AlreadyEnqueued:
        return False
    return True
