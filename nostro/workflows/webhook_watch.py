"""Which customers have something to tell their programs or payees: seen by the tick, one by one."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from nostro.storage import advice_notices, webhooks
from nostro.storage.tenancy import tenant
from nostro.workflows.wake import wake

# A job that failed after its wake-up is made up for when everything is looked at anew.
FORGET_AFTER = timedelta(minutes=5)


class Watch:
    """Remembers how far each customer's log was sealed when it was last looked at, so that a
    customer for whom nothing happens costs nothing."""

    def __init__(self) -> None:
        self._looked_at: dict[UUID, int] = {}
        self._since: datetime | None = None

    def changed(self, now: datetime) -> list[webhooks.Work]:
        """Customers with something due, or with events sealed since the last look."""
        if self._since is None or not self._since <= now < self._since + FORGET_AFTER:
            self._looked_at, self._since = {}, now
        found = []
        for work in webhooks.work(now):
            if work.due or work.notice_due or work.sealed > self._looked_at.get(work.tenant_id, 0):
                found.append(work)
            self._looked_at[work.tenant_id] = work.sealed
        return found


_watch = Watch()


def wake_webhooks(now: datetime, watch: Watch = _watch) -> int:
    """Wake each customer who has something to tell; returns how many jobs."""
    woken = 0
    for work in watch.changed(now):
        with tenant(work.tenant_id):
            if work.due or webhooks.behind():
                wake("attend_webhooks", tenant_id=work.tenant_id)
                woken += 1
            if work.notice_due or advice_notices.behind():
                wake("attend_advice", tenant_id=work.tenant_id)
                woken += 1
    return woken
