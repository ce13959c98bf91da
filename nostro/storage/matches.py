"""Matches and allocations as stored."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from nostro.domain.match import MatchState, Proposal, Target
from nostro.storage import models
from nostro.storage.tenancy import current


class MatchRow(msgspec.Struct, frozen=True, kw_only=True):
    """A match to be written: one transaction, its state and who decided."""

    id: UUID
    state: MatchState
    proposal: Proposal
    decided_by: str


def insert(rows: Sequence[MatchRow], new_ids: Iterable[UUID], now: datetime) -> None:
    """Write matches with their allocations."""
    tenant_id = current()
    models.Match.objects.bulk_create(
        models.Match(
            id=row.id,
            tenant_id=tenant_id,
            transaction_id=UUID(row.proposal.transaction_id),
            state=row.state.value,
            probability_percent=row.proposal.probability_percent,
            evidence=list(row.proposal.evidence),
            decided_by=row.decided_by,
            decided_at=now,
        )
        for row in rows
    )
    ids = iter(new_ids)
    models.Allocation.objects.bulk_create(
        models.Allocation(
            id=next(ids),
            tenant_id=tenant_id,
            match_id=row.id,
            order_id=UUID(part.target_id) if part.target is Target.ORDER else None,
            open_item_id=UUID(part.target_id) if part.target is Target.OPEN_ITEM else None,
            amount_minor=part.amount.minor,
            currency=part.amount.currency,
        )
        for row in rows
        for part in row.proposal.allocations
    )


def live(transaction_ids: Collection[UUID]) -> frozenset[UUID]:
    """Which of these transactions already have a match or a suggestion."""
    rows = models.Match.objects.filter(transaction_id__in=transaction_ids).exclude(
        state=MatchState.UNMATCHED
    )
    return frozenset(rows.values_list("transaction_id", flat=True))
