"""Agreement taken back: approvals that count no more, and what an order is checked against."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from nostro.storage import models


def void(order_id: UUID, now: datetime) -> None:
    """What was agreed to an order counts no more; it stays in its trace."""
    models.Approval.objects.filter(order_id=order_id, voided_at__isnull=True).update(voided_at=now)


def compare_with(order_id: UUID, payee_account_id: UUID | None, digest: str) -> None:
    """Which version of the payee's account an order is checked against, and its new digest."""
    models.Order.objects.filter(id=order_id).update(
        payee_account_id=payee_account_id, approval_digest=digest
    )
