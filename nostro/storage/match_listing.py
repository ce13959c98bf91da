"""Matches and proposals as people and programs read them, with what they settle and leave over."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from uuid import UUID

import msgspec

from nostro.domain.match import MatchState
from nostro.domain.money import Money
from nostro.storage import bulk, confidential, matches, models
from nostro.storage.matches import ProposalRow
from nostro.storage.paging import LIMIT_DEFAULT, Page, checked_limit, key_of, page_of


class SettledRow(msgspec.Struct, frozen=True, kw_only=True):
    """How much of an open item, or of a payment of ours, is settled, in its sign."""

    open_item_id: UUID | None
    order_id: UUID | None
    document: str
    settled: Money


class DifferenceRow(msgspec.Struct, frozen=True, kw_only=True):
    """What differs, in the line's sign."""

    kind: str
    code: str
    customer_number: str
    open_item_id: UUID | None
    amount: Money


class ListedMatch(msgspec.Struct, frozen=True, kw_only=True):
    """Why a line is explained, or was until somebody undid it."""

    id: UUID
    transaction_id: UUID
    account_id: UUID
    booked: date | None
    amount: Money
    state: MatchState
    rule: str
    evidence_class: str
    probability_millionths: int
    evidence: tuple[str, ...]
    by_person: bool
    decided_by: str
    decided_at: datetime
    undone_at: datetime | None
    undone_by: str
    undo_reason: str
    allocations: tuple[SettledRow, ...] = ()
    adjustments: tuple[DifferenceRow, ...] = ()


class MatchesWanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which matches are looked for; None: any. `below`: less probable than so many millionths."""

    state: MatchState | None = None
    account: UUID | None = None
    transaction: UUID | None = None
    booked_from: date | None = None
    booked_until: date | None = None
    below: int | None = None
    by_person: bool | None = None


def listed(
    wanted: MatchesWanted, *, limit: int = LIMIT_DEFAULT, cursor: str = ""
) -> Page[ListedMatch]:
    """Matches, the newest first."""
    size = checked_limit(limit)
    asked = {
        "state": wanted.state.value if wanted.state else None,
        "transaction__account_id": wanted.account,
        "transaction_id": wanted.transaction,
        "transaction__booked__gte": wanted.booked_from,
        "transaction__booked__lte": wanted.booked_until,
        "probability_millionths__lt": wanted.below,
        "by_person": wanted.by_person,
    }
    found = models.Match.objects.filter(
        **{name: told for name, told in asked.items() if told is not None}
    )
    if cursor:
        (last,) = key_of("matches", cursor, lambda key: (UUID(key),))
        found = found.filter(id__lt=last)
    rows = list(found.select_related("transaction").order_by("-id")[: size + 1])
    return page_of("matches", _whole(rows), size, lambda row: (str(row.id),))


def one(match_id: UUID) -> ListedMatch | None:
    """One match; None when this customer has none of that id."""
    found = models.Match.objects.filter(id=match_id).select_related("transaction")
    return next(iter(_whole(list(found))), None)


def proposals_of(transaction_id: UUID) -> list[ProposalRow] | None:
    """What is proposed of a line and was not refused, the likeliest first; None without such a
    line. A line that is matched has none."""
    line = models.BankTransaction.objects.filter(id=transaction_id).first()
    if line is None:
        return None
    confidential.note("transaction", [line.id])
    if line.match_state == MatchState.MATCHED.value:
        return []
    return matches.proposed([transaction_id]).get(transaction_id, [])


def documents(item_ids: Collection[UUID]) -> dict[UUID, str]:
    """What these items are called."""
    rows = models.OpenItem.objects.filter(bulk.one_of("id", item_ids))
    return dict(rows.values_list("id", "document"))


def _whole(rows: list[models.Match]) -> list[ListedMatch]:
    ids = [row.id for row in rows]
    confidential.note("transaction", (row.transaction_id for row in rows))
    parts: dict[UUID, list[SettledRow]] = {}
    found = models.Allocation.objects.filter(bulk.one_of("match_id", ids))
    for part in found.select_related("open_item", "order").order_by("id"):
        item, order = part.open_item, part.order
        parts.setdefault(part.match_id, []).append(
            SettledRow(
                open_item_id=part.open_item_id,
                order_id=part.order_id,
                document=item.document if item else order.number if order else "",
                settled=Money(part.amount_minor, part.currency),
            )
        )
    rest: dict[UUID, list[DifferenceRow]] = {}
    for left in models.Adjustment.objects.filter(bulk.one_of("match_id", ids)).order_by("id"):
        rest.setdefault(left.match_id, []).append(
            DifferenceRow(
                kind=left.kind,
                code=left.code,
                customer_number=left.customer_number,
                open_item_id=left.open_item_id,
                amount=Money(left.amount_minor, left.currency),
            )
        )
    return [_row(row, parts.get(row.id, []), rest.get(row.id, [])) for row in rows]


def _row(row: models.Match, parts: list[SettledRow], rest: list[DifferenceRow]) -> ListedMatch:
    line = row.transaction
    return ListedMatch(
        id=row.id,
        transaction_id=row.transaction_id,
        account_id=line.account_id,
        booked=line.booked,
        amount=Money(line.amount_minor, line.currency),
        state=MatchState(row.state),
        rule=row.rule,
        evidence_class=row.evidence_class,
        probability_millionths=row.probability_millionths,
        evidence=tuple(row.evidence),
        by_person=row.by_person,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        undone_at=row.undone_at,
        undone_by=row.undone_by,
        undo_reason=row.undo_reason,
        allocations=tuple(parts),
        adjustments=tuple(rest),
    )
