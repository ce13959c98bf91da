"""How customers of our entities come in as master data: a program tells them, the newest counts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from nostro.domain import debtor
from nostro.domain.debtor import Debtor
from nostro.storage import debtors, events, parties
from nostro.workflows.context import Acting
from nostro.workflows.receivables import entity_named, telling_of
from nostro.workflows.wake import wake_lines


class DebtorsReceipt(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the customers that a program told, as of `told_at`."""

    told_at: datetime
    new: int
    changed: int
    older: int


def take_debtors(
    acting: Acting,
    entity_code: str,
    told: Sequence[Debtor],
    *,
    source: str,
    told_at: datetime | None,
) -> DebtorsReceipt:
    """What a program tells of customers of one entity: all are taken or none; lines that wait are
    looked at again.

    Inside a unit of work. Raises Invalid when there is no such entity, a customer is told twice or
    is his own parent, or when it speaks of a moment to come.
    """
    entity_id = entity_named(entity_code)
    telling = telling_of(acting, source, told_at)
    debtor.check(told)
    parties.lock_entity(entity_id)
    taken = debtors.take(telling, entity_id, told, acting.world.ids.new)
    if taken.new or taken.changed:
        wake_lines(acting.tenant_id, entity_id)
    counts = msgspec.structs.asdict(taken)
    received = acting.event(
        "debtors.received", "entity", entity_id, source=source, read=len(told), **counts
    )
    events.record([received])
    return DebtorsReceipt(told_at=telling.told_at, **counts)
