"""What bank lines were matched to, the last decided first: by a machine or by whom, and why."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from nostro.domain.match import MatchState
from nostro.domain.money import Money
from nostro.storage import bulk, confidential, models
from nostro.storage.pages.reconcile import (
    BankLine,
    ItemPart,
    Named,
    RestPart,
    bank_line,
    item_part,
)
from nostro.storage.paging import Page, checked_limit, key_of, page_of

_NAME: Final = "matched"


class MatchedLine(msgspec.Struct, frozen=True, kw_only=True):
    """A match that counts. `payments`: payments of ours, of which the bank's booking is proof."""

    id: UUID
    line: BankLine
    account_name: str
    items: tuple[ItemPart, ...]
    rest: tuple[RestPart, ...]
    payments: tuple[Named, ...]
    by_person: bool
    decided_by: str
    decided_at: datetime
    probability_millionths: int
    evidence: tuple[str, ...]

    @property
    def undoable(self) -> bool:
        return not self.payments


def matched_lines(*, limit: int, cursor: str = "") -> Page[MatchedLine]:
    """Matches of all accounts, the last decided first."""
    size = checked_limit(limit)
    found = models.Match.objects.filter(state=MatchState.MATCHED.value)
    if cursor:
        found = found.filter(id__lt=key_of(_NAME, cursor, _id)[0])
    rows = list(found.select_related("transaction__account").order_by("-id")[: size + 1])
    return page_of(_NAME, _told(rows), size, lambda row: (str(row.id),))


def matched_line(match_id: UUID) -> MatchedLine | None:
    """One match; None when it was undone, or this reader may not see it."""
    found = models.Match.objects.filter(id=match_id, state=MatchState.MATCHED.value)
    return next(iter(_told(list(found.select_related("transaction__account")))), None)


def _told(rows: Sequence[models.Match]) -> list[MatchedLine]:
    ids = [row.id for row in rows]
    confidential.note("transaction", (row.transaction_id for row in rows))
    parts, rest = _allocations(ids), _differences(ids)
    return [
        MatchedLine(
            id=row.id,
            line=bank_line(row.transaction),
            account_name=row.transaction.account.name,
            items=tuple(_item(part) for part in parts.get(row.id, ()) if part.open_item),
            rest=tuple(rest.get(row.id, ())),
            payments=tuple(_payment(part) for part in parts.get(row.id, ()) if part.order),
            by_person=row.by_person,
            decided_by=row.decided_by,
            decided_at=row.decided_at,
            probability_millionths=row.probability_millionths,
            evidence=tuple(row.evidence),
        )
        for row in rows
    ]


def _allocations(match_ids: Collection[UUID]) -> dict[UUID, list[models.Allocation]]:
    found = models.Allocation.objects.filter(bulk.one_of("match_id", match_ids))
    told: dict[UUID, list[models.Allocation]] = {}
    for part in found.select_related("order", "open_item").order_by("id"):
        told.setdefault(part.match_id, []).append(part)
    confidential.note("order", (p.order_id for many in told.values() for p in many if p.order_id))
    return told


def _differences(match_ids: Collection[UUID]) -> dict[UUID, list[RestPart]]:
    told: dict[UUID, list[RestPart]] = {}
    for one in models.Adjustment.objects.filter(bulk.one_of("match_id", match_ids)).order_by("id"):
        amount = Money(one.amount_minor, one.currency)
        told.setdefault(one.match_id, []).append(
            RestPart(kind=one.kind, code=one.code, amount=amount)
        )
    return told


def _item(part: models.Allocation) -> ItemPart:
    return item_part(part.open_item, part.open_item.id, Money(part.amount_minor, part.currency))


def _payment(part: models.Allocation) -> Named:
    return Named(
        id=part.order.id,
        number=part.order.number,
        creditor_name=part.order.creditor_name,
        amount=Money(part.amount_minor, part.currency),
    )


def _id(text: str) -> tuple[Any, ...]:
    return (UUID(text),)
