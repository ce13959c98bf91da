"""What each source was told of its payments: `told_source` differs from the truth until it was."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC
from typing import Any
from uuid import UUID

import msgspec

from nostro.domain.money import Money
from nostro.domain.order import OrderState
from nostro.domain.payment_status import TOLD_TO_THE_SOURCE, PaymentStatus
from nostro.storage import queries
from nostro.storage.tenancy import current


class Untold(msgspec.Struct, frozen=True, kw_only=True):
    """An order whose source must be told; `mark` is what it then knows."""

    order_id: UUID
    mark: str
    status: PaymentStatus


def lock_untold(source: str, others: Collection[str], limit: int) -> list[Untold]:
    """Lock orders of a source of which it does not know where they stand, the oldest first.

    An empty `source` stands for every one that is not among `others`. Orders that somebody is at
    work on are passed over: they are found the next time.
    """
    found = queries.rows(
        "untold_orders",
        tenant_id=current(),
        states=sorted(state.value for state in TOLD_TO_THE_SOURCE),
        source=source,
        others=sorted(others),
        limit=limit,
    )
    return [Untold(order_id=row["id"], mark=row["mark"], status=_status(row)) for row in found]


def mark_told(told: Sequence[Untold]) -> int:
    return queries.run(
        "mark_told",
        tenant_id=current(),
        ids=[one.order_id for one in told],
        marks=[one.mark for one in told],
    )


def _status(row: dict[str, Any]) -> PaymentStatus:
    returned = row["returned_minor"]
    return PaymentStatus(
        source_reference=row["source_reference"],
        run=row["run"],
        number=row["number"],
        end_to_end_id=row["end_to_end_id"],
        state=OrderState(row["state"]),
        reason=row["reason"],
        reason_text=row["reason_text"],
        day=row["state_since"].astimezone(UTC).date(),
        amount=Money(row["amount_minor"], row["currency"]),
        returned=Money(returned, row["currency"]) if returned else None,
    )
