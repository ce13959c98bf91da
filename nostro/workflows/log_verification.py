"""Proving each customer's log whole by ourselves: once a day, and whenever somebody asks for it.

What was found is an event, so that it stands in the log itself and goes to whoever listens. It is
no proof to an outsider: he verifies an export with his own checkpoints (docs/audit.md).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import msgspec
import structlog

from nostro.domain.audit_statement import Checkpoint
from nostro.domain.errors import Refused, Unavailable
from nostro.ops import checkpoints, sealing
from nostro.ops.sealing import Verification
from nostro.storage import events, parties
from nostro.storage.pages import chain
from nostro.storage.pages.chain import VERIFICATION_ASKED, VERIFIED
from nostro.storage.tenancy import tenant
from nostro.workflows.context import Acting
from nostro.workflows.wake import wake

log = structlog.get_logger()
EVERY: Final = timedelta(days=1)
LOOKS_EVERY: Final = timedelta(hours=1)


def ask(acting: Acting) -> bool:
    """Have the acting customer's log verified soon; False when that is under way already."""
    with tenant(acting.tenant_id):
        events.record([acting.event(VERIFICATION_ASKED, "customer", acting.tenant_id)])
        return wake("verify_log", tenant_id=acting.tenant_id)


def verify(acting: Acting) -> Verification:
    """Recompute the acting customer's chain, hold it against the checkpoints of the database and
    of the places outside, and write down what was found."""
    pinned, outside, changed = _pinned(acting)
    found = sealing.verify(acting.tenant_id, pinned)
    if changed and found.whole:
        found = msgspec.structs.replace(found, whole=False, why=changed)
    if not found.whole:
        log.error("log_broken", customer=str(acting.tenant_id), at=found.broken_at, why=found.why)
    told = acting.event(
        VERIFIED,
        "customer",
        acting.tenant_id,
        whole=found.whole,
        entries=found.sealed,
        unsealed=found.unsealed,
        erased=found.erased,
        broken_at=found.broken_at,
        why=found.why,
        head=found.head,
        checkpoints=len(pinned),
        held_outside=outside,
    )
    with tenant(acting.tenant_id):
        events.record([told])
    return found


def _pinned(acting: Acting) -> tuple[list[Checkpoint], bool, str]:
    """The checkpoints to hold the chain against; whether the places outside could be asked for
    theirs; and what is wrong there, when something is."""
    try:
        places = acting.world.checkpoint_places()
        return checkpoints.known(acting.tenant_id, places), True, ""
    except Refused as error:
        return checkpoints.known(acting.tenant_id, ()), True, error.happened
    except (OSError, Unavailable) as error:
        log.warning("checkpoints_not_read", customer=str(acting.tenant_id), error=str(error))
        return checkpoints.known(acting.tenant_id, ()), False, ""


class DailyVerification:
    """Has the log of each customer verified that was not for a day; between, it costs nothing."""

    def __init__(self) -> None:
        self._next: datetime | None = None

    def look(self, now: datetime) -> int:
        """Returns how many were woken."""
        if self._next is not None and now < self._next <= now + LOOKS_EVERY:
            return 0
        self._next = now + LOOKS_EVERY
        woken = 0
        for customer in parties.customers():
            with tenant(customer.id):
                last = chain.last_verified(customer.id)
                if last is None or last.occurred_at <= now - EVERY:
                    woken += wake("verify_log", tenant_id=customer.id)
        return woken
