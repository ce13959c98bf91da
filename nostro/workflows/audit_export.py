"""Handing a customer's log out: it shows everything, so that it was is an event of its own."""

from __future__ import annotations

from typing import BinaryIO

from nostro.ops import audit_archive
from nostro.ops.audit_archive import Written
from nostro.storage import events
from nostro.storage.tenancy import tenant
from nostro.workflows.context import Acting


def export_log(acting: Acting, file: BinaryIO, after: int = 0) -> Written:
    """Write the acting customer's log from the entry after a position on, and say that it was.

    The event is committed before the first byte leaves.
    """
    with tenant(acting.tenant_id):
        events.record([acting.event("audit.exported", "customer", acting.tenant_id, after=after)])
    return audit_archive.write(acting.tenant_id, file, acting.world.clock.now(), after)
