"""The access review: which duties clash today, and for what too few people are left."""

from __future__ import annotations

import msgspec

from nostro.domain import duties
from nostro.domain.duties import Conflict
from nostro.domain.policies.shortage import Shortage
from nostro.storage import people
from nostro.workflows import change_requests
from nostro.workflows.context import Acting


class DutyReport(msgspec.Struct, frozen=True, kw_only=True):
    """What an auditor asks about access: clashes person by person, and shortages by subject."""

    conflicts: tuple[Conflict, ...]
    shortages: dict[str, Shortage]


def report(acting: Acting) -> DutyReport:
    """The state of now, delegations and broken glass included; inside a unit of work."""
    found = people.everybody(acting.world.clock.now())
    return DutyReport(
        conflicts=tuple(duties.conflicts(found)), shortages=change_requests.short_of(acting)
    )
