"""How work is woken: a job deferred in the same transaction as the change that needs it.

The engine only wakes; our tables are the truth. A duplicate wake-up is dropped, a lost one is
made up by the tick.
"""

from __future__ import annotations

from django.db import transaction
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued


def wake(job: str, **ids: object) -> bool:
    """Defer a job by name with ids only; False when the same wake-up is already waiting.

    The savepoint keeps a duplicate from aborting the surrounding transaction.
    """
    arguments = {name: str(value) for name, value in ids.items()}
    lock = "/".join([job, *arguments.values()])
    try:
        with transaction.atomic():
            app.configure_task(job, queueing_lock=lock).defer(**arguments)
    except AlreadyEnqueued:
        return False
    return True
