"""Open items, matches and allocations as stored."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from nostro.domain.match import MatchState, Proposal, Target
from nostro.domain.money import Money
from nostro.domain.open_item import OpenItem
from nostro.storage import bulk, models
from nostro.storage.tenancy import current


class MatchRow(msgspec.Struct, frozen=True, kw_only=True):
    """A match to be written: one transaction, its state and who decided."""

    id: UUID
    state: MatchState
    proposal: Proposal
    decided_by: str


def load_open_items(items: Iterable[tuple[UUID, OpenItem]]) -> int:
    """Take in receivables; returns how many were new."""
    tenant_id = current()
    entity_ids = dict(models.LegalEntity.objects.values_list("code", "id"))
    return bulk.insert(
        models.OpenItem,
        (
            {
                "id": item_id,
                "tenant_id": tenant_id,
                "entity_id": entity_ids[item.entity_code],
                "document": item.document,
                "customer_number": item.customer_number,
                "customer_name": item.customer_name,
                "open_minor": item.open_amount.minor,
                "currency": item.open_amount.currency,
                "due_date": item.due_date,
                "payer_iban": item.payer_iban,
            }
            for item_id, item in items
        ),
    )


def open_items(entity_id: UUID, currency: str) -> list[OpenItem]:
    """Documents of one entity and currency still open, credit notes negative; `id` is the row's."""
    rows = (
        models.OpenItem.objects.filter(entity_id=entity_id, currency=currency)
        .exclude(open_minor=0)
        .select_related("entity")
    )
    return [
        OpenItem(
            id=str(row.id),
            entity_code=row.entity.code,
            document=row.document,
            customer_number=row.customer_number,
            customer_name=row.customer_name,
            open_amount=Money(row.open_minor, row.currency),
            due_date=row.due_date,
            payer_iban=row.payer_iban,
        )
        for row in rows.order_by("due_date", "document")
    ]


def reduce_open_item(item_id: UUID, amount_minor: int) -> str:
    """Take an allocation off an open item; returns its document number."""
    row = models.OpenItem.objects.select_for_update(no_key=True).get(id=item_id)
    row.open_minor -= amount_minor
    row.save(update_fields=["open_minor"])
    return row.document


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
