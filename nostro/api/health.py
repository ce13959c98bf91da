"""Whether this installation answers: for monitors and load balancers, without a key."""

from __future__ import annotations

from django.http import HttpRequest
from ninja import Router

from nostro import __version__
from nostro.api.told import Health
from nostro.app import world
from nostro.storage import listing
from nostro.workflows import screening

router = Router(tags=["operation"])


@router.get("/health", response=Health, auth=None, summary="Database, seal and version")
def health(request: HttpRequest) -> Health:
    """503 when the database does not answer. The seal's lag is over all customers."""
    lag = listing.seal_lag(using="ops")
    space = world().space
    left = space.left()
    waited = world().clock.now() - lag.oldest_at if lag.oldest_at else None
    return Health(
        status="low_on_space" if space.is_low() else "ok",
        free_space_percent=left.percent if left else None,
        version=__version__,
        database="ok",
        unsealed=lag.unsealed,
        seal_lag_seconds=max(int(waited.total_seconds()), 0) if waited else 0,
        watch_lists_too_old=screening.lists_too_old(world().clock.now().date()),
    )
