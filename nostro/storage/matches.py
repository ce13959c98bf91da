"""Matches with what they settle and leave over, and proposals, as stored."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from nostro.domain.match import PROPOSALS_MOST, MatchState, Proposal, Target
from nostro.storage import bulk, models
from nostro.storage.tenancy import current


class MatchRow(msgspec.Struct, frozen=True, kw_only=True):
    """A match to be written: one transaction, its state and who decided."""

    id: UUID
    state: MatchState
    proposal: Proposal
    decided_by: str
    by_person: bool = False


class ItemPart(msgspec.Struct, frozen=True, kw_only=True):
    """What a proposal would settle of an open item, in the item's currency and sign."""

    open_item_id: UUID
    settled_minor: int
    currency: str


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """What a proposal would leave over, in the line's currency and sign."""

    kind: str
    minor: int
    currency: str
    open_item_id: UUID | None = None
    code: str = ""


class ProposalRow(msgspec.Struct, frozen=True, kw_only=True):
    """A proposal as stored; see models.MatchProposal."""

    id: UUID
    transaction_id: UUID
    order_id: UUID | None
    rank: int
    rule: str
    evidence_class: str
    probability_millionths: int
    status: str
    allocations: tuple[ItemPart, ...]
    adjustments: tuple[Difference, ...]
    evidence: tuple[str, ...]
    made_at: datetime
    refused_at: datetime | None
    refused_by: str
    refuse_reason: str


def insert(rows: Sequence[MatchRow], new_id: Callable[[], UUID], now: datetime) -> None:
    """Write matches with their allocations and adjustments."""
    tenant_id = current()
    models.Match.objects.bulk_create(
        models.Match(
            id=row.id,
            tenant_id=tenant_id,
            transaction_id=UUID(row.proposal.transaction_id),
            state=row.state.value,
            rule=row.proposal.rule,
            evidence_class=row.proposal.evidence_class,
            probability_millionths=row.proposal.probability_millionths,
            evidence=list(row.proposal.evidence),
            by_person=row.by_person,
            decided_by=row.decided_by,
            decided_at=now,
        )
        for row in rows
    )
    _insert_allocations(rows, new_id)
    _insert_adjustments(rows, new_id)


def _insert_allocations(rows: Sequence[MatchRow], new_id: Callable[[], UUID]) -> None:
    tenant_id = current()
    models.Allocation.objects.bulk_create(
        models.Allocation(
            id=new_id(),
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


def _insert_adjustments(rows: Sequence[MatchRow], new_id: Callable[[], UUID]) -> None:
    tenant_id = current()
    models.Adjustment.objects.bulk_create(
        models.Adjustment(
            id=new_id(),
            tenant_id=tenant_id,
            match_id=row.id,
            open_item_id=UUID(one.item_id) if one.item_id else None,
            kind=one.kind.value,
            code=one.code,
            customer_number=one.customer_number,
            amount_minor=one.amount.minor,
            currency=one.amount.currency,
        )
        for row in rows
        for one in row.proposal.adjustments
    )


def propose(
    proposals: Sequence[Proposal], new_id: Callable[[], UUID], now: datetime
) -> list[Proposal]:
    """Write what is proposed of lines, ranked as given, in place of what was proposed of them
    before. What a person refused is not proposed again. Returns those that were written."""
    lines = {UUID(one.transaction_id) for one in proposals}
    before = models.MatchProposal.objects.filter(bulk.one_of("transaction_id", lines))
    refused = {
        (row.transaction_id, _wanted(row)) for row in before.filter(refused_at__isnull=False)
    }
    before.filter(refused_at__isnull=True).delete()
    rows, kept = [], []
    ranks: dict[UUID, int] = {}
    for one in proposals:
        row = _row(one, new_id(), now)
        rank = ranks.get(row.transaction_id, 0) + 1
        if rank > PROPOSALS_MOST or (row.transaction_id, _wanted(row)) in refused:
            continue
        row.rank = ranks[row.transaction_id] = rank
        rows.append(row)
        kept.append(one)
    models.MatchProposal.objects.bulk_create(rows)
    return kept


def _row(one: Proposal, row_id: UUID, now: datetime) -> models.MatchProposal:
    orders = [part for part in one.allocations if part.target is Target.ORDER]
    items = [part for part in one.allocations if part.target is Target.OPEN_ITEM]
    return models.MatchProposal(
        id=row_id,
        tenant_id=current(),
        transaction_id=UUID(one.transaction_id),
        order_id=UUID(orders[0].target_id) if orders else None,
        rule=one.rule,
        evidence_class=one.evidence_class,
        probability_millionths=one.probability_millionths,
        status=one.status.value,
        allocations=[
            {
                "open_item_id": part.target_id,
                "settled_minor": part.amount.minor,
                "currency": part.amount.currency,
            }
            for part in items
        ],
        adjustments=[
            {
                "kind": rest.kind.value,
                "minor": rest.amount.minor,
                "currency": rest.amount.currency,
                "open_item_id": rest.item_id or None,
                "code": rest.code,
            }
            for rest in one.adjustments
        ],
        evidence=list(one.evidence),
        made_at=now,
    )


def _wanted(row: models.MatchProposal) -> tuple[str, frozenset[tuple[str, int]]]:
    """What a proposal comes to, whatever its evidence."""
    parts = frozenset((one["open_item_id"], one["settled_minor"]) for one in row.allocations)
    return str(row.order_id or ""), parts


def proposed(transaction_ids: Collection[UUID]) -> dict[UUID, list[ProposalRow]]:
    """What is proposed of these lines and was not refused, the likeliest first."""
    rows = models.MatchProposal.objects.filter(
        bulk.one_of("transaction_id", transaction_ids), refused_at__isnull=True
    )
    found: dict[UUID, list[ProposalRow]] = {}
    for row in rows.order_by("transaction_id", "rank"):
        found.setdefault(row.transaction_id, []).append(proposal_of(row))
    return found


def proposal_of(row: models.MatchProposal) -> ProposalRow:
    told = {name: getattr(row, name) for name in ProposalRow.__struct_fields__}
    return msgspec.convert(told, ProposalRow)
