"""What people decide of lines, as stored: locked in the order of ids, refused, and undone."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from uuid import UUID

import msgspec
from django.db.models import QuerySet, Sum

from nostro.domain.line_decision import DecidedLine, OpenDocument
from nostro.domain.match import AdjustmentKind, MatchState
from nostro.domain.money import Money
from nostro.domain.open_item import DiscountTerm
from nostro.storage import bulk, models
from nostro.storage.matches import ProposalRow, proposal_of
from nostro.storage.tenancy import current

BOOKED = "BOOK"


class LineRow(msgspec.Struct, frozen=True, kw_only=True):
    """A line with the account and the entity that it is of, and the statement that told it."""

    line: DecidedLine
    account_id: UUID
    entity_id: UUID
    statement_id: UUID


class LiveMatch(msgspec.Struct, frozen=True, kw_only=True):
    """A match that counts: its line, who made it, and what it settles. `by_person`: no machine."""

    id: UUID
    transaction_id: UUID
    by_person: bool
    rule: str
    evidence_class: str
    probability_millionths: int
    evidence: tuple[str, ...]
    order_ids: tuple[UUID, ...]
    item_ids: tuple[UUID, ...]


def entities_of_lines(ids: Collection[UUID]) -> list[UUID]:
    """The entities whose accounts these lines are of, in the order in which they are locked."""
    rows = models.BankTransaction.objects.filter(bulk.one_of("id", ids))
    return sorted(set(rows.values_list("account__entity_id", flat=True)))


def lock_lines(ids: Collection[UUID], today: date) -> dict[UUID, LineRow]:
    """These lines, locked, as they stand."""
    rows = (
        models.BankTransaction.objects.filter(bulk.one_of("id", ids))
        .select_related("account")
        .select_for_update(of=("self",), no_key=True)
        .order_by("id")
    )
    return {row.id: _line(row, today) for row in rows}


def _line(row: models.BankTransaction, today: date) -> LineRow:
    return LineRow(
        line=DecidedLine(
            id=str(row.id),
            amount=Money(row.amount_minor, row.currency),
            day=row.booked or row.value or today,
            state=MatchState(row.match_state),
            is_booked=row.status in ("", BOOKED),
        ),
        account_id=row.account_id,
        entity_id=row.account.entity_id,
        statement_id=row.statement_id,
    )


def lock_items(ids: Collection[UUID]) -> dict[UUID, tuple[UUID, OpenDocument]]:
    """These items, locked, as they stand: each with its entity."""
    rows = (
        models.OpenItem.objects.filter(bulk.one_of("id", ids))
        .select_for_update(of=("self",), no_key=True)
        .order_by("id")
    )
    taken = _discounts_taken(ids)
    return {row.id: (row.entity_id, _document(row, taken.get(row.id, 0))) for row in rows}


def _discounts_taken(ids: Collection[UUID]) -> dict[UUID, int]:
    rows = models.Adjustment.objects.filter(
        bulk.one_of("open_item_id", ids),
        kind=AdjustmentKind.DISCOUNT.value,
        match__state=MatchState.MATCHED.value,
    )
    sums = rows.values_list("open_item_id").annotate(minor=Sum("amount_minor")).order_by()
    return {item_id: abs(minor) for item_id, minor in sums if item_id}


def _document(row: models.OpenItem, taken: int) -> OpenDocument:
    return OpenDocument(
        id=str(row.id),
        document=row.document + (f"/{row.instalment}" if row.instalment else ""),
        customer_number=row.customer_number,
        is_open=Money(row.open_minor, row.currency),
        discount=DiscountTerm(
            amount=Money(row.discount_minor, row.currency), until=row.discount_until
        )
        if row.discount_until
        else None,
        taken=taken,
    )


def proposals(ids: Collection[UUID]) -> dict[UUID, ProposalRow]:
    """These proposals, refused ones too."""
    rows = models.MatchProposal.objects.filter(bulk.one_of("id", ids))
    return {row.id: proposal_of(row) for row in rows}


def refuse(proposal_id: UUID, now: datetime, by: str, reason: str) -> None:
    models.MatchProposal.objects.filter(id=proposal_id, refused_at__isnull=True).update(
        refused_at=now, refused_by=by, refuse_reason=reason
    )


def lines_of_matches(ids: Collection[UUID]) -> dict[UUID, UUID]:
    """The line of each of these matches, whatever became of it."""
    rows = models.Match.objects.filter(bulk.one_of("id", ids))
    return dict(rows.values_list("id", "transaction_id"))


def live_match(match_id: UUID) -> LiveMatch | None:
    """A match that counts; None when it was undone. Its line is locked already."""
    row = models.Match.objects.filter(id=match_id, state=MatchState.MATCHED.value).first()
    if row is None:
        return None
    parts = models.Allocation.objects.filter(match_id=match_id)
    return LiveMatch(
        id=row.id,
        transaction_id=row.transaction_id,
        by_person=row.by_person,
        rule=row.rule,
        evidence_class=row.evidence_class,
        probability_millionths=row.probability_millionths,
        evidence=tuple(row.evidence),
        order_ids=_named(parts, "order_id"),
        item_ids=_named(parts, "open_item_id"),
    )


def _named(parts: QuerySet[models.Allocation], column: str) -> tuple[UUID, ...]:
    found = parts.filter(**{f"{column}__isnull": False}).values_list(column, flat=True)
    return tuple(sorted(found))


def undo(match_id: UUID, now: datetime, by: str, reason: str) -> None:
    """The match counts no more; what it was, stays written down."""
    models.Match.objects.filter(id=match_id).update(
        state=MatchState.UNMATCHED.value, undone_at=now, undone_by=by, undo_reason=reason
    )


def keep_as_refused(match: LiveMatch, row_id: UUID, now: datetime, by: str, reason: str) -> None:
    """What the machine matched and a person undid is kept as a refused proposal: so it is not
    proposed again, and it counts against its kind of evidence."""
    parts = models.Allocation.objects.filter(match_id=match.id, open_item_id__isnull=False)
    rest = models.Adjustment.objects.filter(match_id=match.id).order_by("id")
    models.MatchProposal.objects.create(
        id=row_id,
        tenant_id=current(),
        transaction_id=match.transaction_id,
        rank=1,
        rule=match.rule,
        evidence_class=match.evidence_class,
        probability_millionths=match.probability_millionths,
        status="post",
        allocations=[
            {
                "open_item_id": str(part.open_item_id),
                "settled_minor": part.amount_minor,
                "currency": part.currency,
            }
            for part in parts.order_by("id")
        ],
        adjustments=[
            {
                "kind": one.kind,
                "minor": one.amount_minor,
                "currency": one.currency,
                "open_item_id": str(one.open_item_id) if one.open_item_id else None,
                "code": one.code,
            }
            for one in rest
        ],
        evidence=list(match.evidence),
        made_at=now,
        refused_at=now,
        refused_by=by,
        refuse_reason=reason,
    )


def people_spoke_of(transaction_ids: Collection[UUID]) -> frozenset[UUID]:
    """Those of these lines of which a person refused or undid something: nothing posts there by
    itself any more."""
    refused = models.MatchProposal.objects.filter(
        bulk.one_of("transaction_id", transaction_ids), refused_at__isnull=False
    ).values_list("transaction_id", flat=True)
    undone = models.Match.objects.filter(
        bulk.one_of("transaction_id", transaction_ids), undone_at__isnull=False
    ).values_list("transaction_id", flat=True)
    return frozenset(refused) | frozenset(undone)
