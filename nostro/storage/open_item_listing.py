"""Open items as people and programs read them: due first, of one customer, of one document."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import Final
from uuid import UUID

import msgspec
from django.db.models import Count, Q, QuerySet, Sum

from nostro.domain.match import MatchState
from nostro.domain.money import Money
from nostro.domain.open_item import DiscountTerm, ItemKind
from nostro.storage import bulk, confidential, models
from nostro.storage.listing import plain
from nostro.storage.paging import LIMIT_DEFAULT, Page, checked_limit, key_of, page_of


class OpenItemRow(msgspec.Struct, frozen=True, kw_only=True):
    """One item. `open_amount` is what is open to us, `told_amount` what its source said at
    `told_at`; `document_amount` the whole, where it was said."""

    id: UUID
    entity_code: str
    source: str
    kind: ItemKind
    document: str
    instalment: int
    customer_number: str
    customer_name: str
    parent_number: str
    document_amount: Money | None
    told_amount: Money
    told_at: datetime | None
    open_amount: Money
    issue_date: date | None
    due_date: date
    discount: DiscountTerm | None
    references: tuple[str, ...]
    payer_iban: str


class ItemsWanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which items are looked for; empty: any. `settled` also those of which nothing is open."""

    entity: str = ""
    source: str | None = None
    customer: str = ""
    document: str = ""
    currency: str = ""
    kind: ItemKind | None = None
    due_until: date | None = None
    settled: bool = False


class OpenSum(msgspec.Struct, frozen=True, kw_only=True):
    """What is open in one currency, and how much of it is overdue."""

    count: int
    amount: Money
    late_count: int
    late: Money


class PaidBy(msgspec.Struct, frozen=True, kw_only=True):
    """How much of which bank line stands on an item, and who said so."""

    amount: Money
    statement_id: UUID
    line: int
    booked: date | None
    payer: str
    decided_by: str
    state: MatchState


_LINE: Final = (
    *("match__transaction_id", "match__transaction__statement_id", "match__transaction__line"),
    *("match__transaction__booked", "match__transaction__counterparty_name"),
    *("match__decided_by", "match__state"),
)


def items(
    wanted: ItemsWanted, *, limit: int = LIMIT_DEFAULT, cursor: str = ""
) -> Page[OpenItemRow]:
    """Items, those due first before the others."""
    size = checked_limit(limit)
    found = _wanted(wanted).order_by("due_date", "id")
    if cursor:
        due, last = key_of(
            "open_items", cursor, lambda day, key: (date.fromisoformat(day), UUID(key))
        )
        found = found.filter(Q(due_date__gt=due) | Q(due_date=due, id__gt=last))
    return page_of(
        "open_items",
        [_row(row) for row in found.select_related("entity")[: size + 1]],
        size,
        lambda row: (row.due_date.isoformat(), str(row.id)),
    )


def open_sums(wanted: ItemsWanted, today: date) -> list[OpenSum]:
    """What is open of the items wanted, by currency."""
    late = Q(due_date__lt=today)
    rows = (
        _wanted(msgspec.structs.replace(wanted, settled=False))
        .values("currency")
        .annotate(
            count=Count("id"),
            minor=Sum("open_minor"),
            late_count=Count("id", filter=late),
            late_minor=Sum("open_minor", filter=late),
        )
        .order_by("currency")
    )
    return [
        OpenSum(
            count=row["count"],
            amount=Money(int(row["minor"]), row["currency"]),
            late_count=row["late_count"],
            late=Money(int(row["late_minor"] or 0), row["currency"]),
        )
        for row in rows
    ]


def paid_by(item_ids: Collection[UUID]) -> dict[UUID, list[PaidBy]]:
    """The bank lines that stand on each of these items, the oldest first; of lines that are not
    shown to whoever looks, none."""
    found = models.Allocation.objects.filter(bulk.one_of("open_item_id", item_ids))
    found = found.exclude(match__state=MatchState.UNMATCHED.value).filter(
        match__undone_at__isnull=True
    )
    rows: dict[UUID, list[PaidBy]] = {}
    lines = []
    for row in found.order_by("id").values("open_item_id", "amount_minor", "currency", *_LINE):
        lines.append(row["match__transaction_id"])
        rows.setdefault(row["open_item_id"], []).append(
            PaidBy(
                amount=Money(row["amount_minor"], row["currency"]),
                statement_id=row["match__transaction__statement_id"],
                line=row["match__transaction__line"],
                booked=row["match__transaction__booked"],
                payer=row["match__transaction__counterparty_name"],
                decided_by=row["match__decided_by"],
                state=MatchState(row["match__state"]),
            )
        )
    confidential.note("transaction", lines)
    return rows


def item(item_id: UUID) -> OpenItemRow | None:
    """One item; None when this customer has none of that id."""
    found = models.OpenItem.objects.filter(id=item_id).select_related("entity").first()
    return None if found is None else _row(found)


def _wanted(wanted: ItemsWanted) -> QuerySet[models.OpenItem]:
    asked = {
        "entity__code": plain(wanted.entity, "entity"),
        "customer_number": plain(wanted.customer, "customer"),
        "document": plain(wanted.document, "document"),
        "currency": plain(wanted.currency, "currency"),
        "kind": wanted.kind.value if wanted.kind else "",
        "due_date__lte": wanted.due_until,
    }
    found = models.OpenItem.objects.filter(**{name: told for name, told in asked.items() if told})
    if wanted.source is not None:
        found = found.filter(source=plain(wanted.source, "source"))
    return found if wanted.settled else found.exclude(open_minor=0)


def _row(row: models.OpenItem) -> OpenItemRow:
    def money(minor: int) -> Money:
        return Money(minor, row.currency)

    return OpenItemRow(
        id=row.id,
        entity_code=row.entity.code,
        source=row.source,
        kind=ItemKind(row.kind),
        document=row.document,
        instalment=row.instalment,
        customer_number=row.customer_number,
        customer_name=row.customer_name,
        parent_number=row.parent_number,
        document_amount=None if row.document_minor is None else money(row.document_minor),
        told_amount=money(row.told_minor),
        told_at=row.told_at,
        open_amount=money(row.open_minor),
        issue_date=row.issue_date,
        due_date=row.due_date,
        discount=DiscountTerm(amount=money(row.discount_minor), until=row.discount_until)
        if row.discount_until
        else None,
        references=tuple(row.further_references),
        payer_iban=row.payer_iban,
    )
