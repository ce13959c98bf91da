"""Open items as people and programs read them: due first, of one customer, of one document."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import msgspec
from django.db.models import Q, QuerySet

from nostro.domain.money import Money
from nostro.domain.open_item import DiscountTerm, ItemKind
from nostro.storage import models
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
