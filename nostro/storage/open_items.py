"""Open items as stored: what their sources tell of them, and what is still open to us."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db.models import QuerySet

from nostro.domain.money import Money
from nostro.domain.open_item import DiscountTerm, ItemKind, OpenItem, still_open
from nostro.storage import bulk, candidates, models, queries
from nostro.storage.tenancy import current


class Taken(msgspec.Struct, kw_only=True):
    """What became of the items of a list. `older`: something newer was told of them before.
    `other_currency`: matched already in the currency that they had; they were left as they are."""

    new: int = 0
    changed: int = 0
    older: int = 0
    other_currency: list[str] = []


class Telling(msgspec.Struct, frozen=True, kw_only=True):
    """Which source tells, and of which moment it speaks."""

    source: str
    told_at: datetime


def take(telling: Telling, items: Sequence[OpenItem], new_id: Callable[[], UUID]) -> Taken:
    """Take in what a source tells of items, each at most once. What it told of a later moment
    stays: in whatever order lists come, the newest counts.

    Inside a unit of work that has locked the entities.
    """
    known = _known(telling.source, items)
    settled = _settled([row.id for row in known.values()])
    outcome, again, earlier = Taken(), [], []
    fresh: list[OpenItem] = []
    told: list[tuple[OpenItem, models.OpenItem]] = []
    for item in items:
        row = known.get((item.entity_code, item.document, item.instalment))
        if row is None:
            fresh.append(item)
        elif row.told_at is not None and row.told_at >= telling.told_at:
            outcome.older += 1
            earlier += _most(row, item, settled.get(row.id, 0))
        elif row.currency != item.open_amount.currency and row.id in settled:
            outcome.other_currency.append(item.id)
        else:
            told.append((item, row))
            again.append({"id": row.id, **_columns(telling, item, row, settled.get(row.id, 0))})
    added = _add(telling, fresh, new_id)
    outcome.new, outcome.changed = len(added), len(again)
    _run("tell_open_items", again)
    _run("raise_most_open", earlier)
    candidates.keep_keys([*added, *((item, row.id, row.entity_id) for item, row in told)], new_id)
    return outcome


def _add(
    telling: Telling, items: Sequence[OpenItem], new_id: Callable[[], UUID]
) -> list[tuple[OpenItem, UUID, UUID]]:
    """Items that nobody told of before; one that a later complete list had not is closed. Returns
    each with the id of its row, and that of its entity."""
    entity_ids = dict(models.LegalEntity.objects.values_list("code", "id"))
    closed_at = dict(
        models.OpenItemList.objects.filter(source=telling.source).values_list(
            "entity_id", "told_at"
        )
    )
    rows = []
    for item in items:
        entity_id = entity_ids[item.entity_code]
        told = _key(telling, item, entity_id) | _columns(telling, item, None, 0)
        later = closed_at.get(entity_id)
        if later and later > telling.told_at:
            told |= {"told_minor": 0, "open_minor": 0, "told_at": later}
        rows.append({"id": new_id(), **told})
    bulk.insert(models.OpenItem, rows)
    return [(item, row["id"], row["entity_id"]) for item, row in zip(items, rows, strict=True)]


def _most(row: models.OpenItem, item: OpenItem, settled: int) -> list[dict[str, Any]]:
    told = item.open_amount.minor
    if item.open_amount.currency != row.currency or abs(told) <= abs(row.most_minor):
        return []
    whole = told if row.document_minor is None else row.document_minor
    is_open = still_open(row.told_minor, whole, settled)
    return [{"id": row.id, "most_minor": told, "open_minor": is_open}]


def complete(telling: Telling, entity_id: UUID, evidence_id: UUID | None, row_id: UUID) -> int:
    """The source told everything that is open in this entity: what it did not name is closed.
    Returns how many items that closed; none when a later complete list is known."""
    newest = models.OpenItemList.objects.filter(entity_id=entity_id, source=telling.source)
    before = newest.first()
    if before is not None and before.told_at >= telling.told_at:
        return 0
    newest.update_or_create(
        defaults={"told_at": telling.told_at, "evidence_id": evidence_id},
        create_defaults={
            "id": row_id, "tenant_id": current(), "entity_id": entity_id,
            "source": telling.source, "told_at": telling.told_at, "evidence_id": evidence_id,
        },
    )  # fmt: skip
    closed = queries.rows(
        "close_untold_items",
        entity_id=entity_id,
        source=telling.source,
        told_at=telling.told_at,
    )
    return len(closed)


def refresh(item_ids: Collection[UUID]) -> dict[UUID, str]:
    """What is open of these items after matches were confirmed or undone; returns their
    documents."""
    queries.run("refresh_open_items", ids=bulk.ids_literal(item_ids))
    rows = models.OpenItem.objects.filter(bulk.one_of("id", item_ids))
    return dict(rows.values_list("id", "document"))


def open_items(entity_id: UUID, currency: str) -> list[OpenItem]:
    """Documents of one entity and currency still open, credit notes negative; `id` is the row's."""
    rows = models.OpenItem.objects.filter(entity_id=entity_id, currency=currency)
    return items_of(rows.exclude(open_minor=0).order_by("due_date", "document", "instalment"))


def customer_numbers(item_ids: Collection[UUID]) -> dict[UUID, str]:
    """Whose these items are."""
    rows = models.OpenItem.objects.filter(bulk.one_of("id", item_ids))
    return dict(rows.values_list("id", "customer_number"))


def items_of(rows: QuerySet[models.OpenItem]) -> list[OpenItem]:
    """Rows as open items; `id` is the row's."""
    return [_item(row) for row in rows.select_related("entity")]


def _item(row: models.OpenItem) -> OpenItem:
    currency = row.currency
    return OpenItem(
        id=str(row.id),
        entity_code=row.entity.code,
        document=row.document,
        customer_number=row.customer_number,
        customer_name=row.customer_name,
        open_amount=Money(row.open_minor, currency),
        due_date=row.due_date,
        payer_iban=row.payer_iban,
        kind=ItemKind(row.kind),
        instalment=row.instalment,
        document_amount=None if row.document_minor is None else Money(row.document_minor, currency),
        issue_date=row.issue_date,
        discount=DiscountTerm(amount=Money(row.discount_minor, currency), until=row.discount_until)
        if row.discount_until
        else None,
        references=tuple(row.further_references),
        parent_number=row.parent_number,
    )


def _known(source: str, items: Sequence[OpenItem]) -> dict[tuple[str, str, int], models.OpenItem]:
    """The rows of these items, locked."""
    documents = {item.document for item in items}
    rows = (
        models.OpenItem.objects.filter(bulk.one_of("document", documents), source=source)
        .select_related("entity")
        .select_for_update(of=("self",), no_key=True)
        .order_by("id")
    )
    return {(row.entity.code, row.document, row.instalment): row for row in rows}


def _settled(item_ids: Collection[UUID]) -> dict[UUID, int]:
    if not item_ids:
        return {}
    rows = queries.rows("settled_of_items", ids=bulk.ids_literal(item_ids))
    return {row["id"]: row["minor"] for row in rows}


def _key(telling: Telling, item: OpenItem, entity_id: UUID) -> dict[str, Any]:
    return {
        "tenant_id": current(),
        "entity_id": entity_id,
        "source": telling.source,
        "document": item.document,
        "instalment": item.instalment,
    }


def _columns(
    telling: Telling, item: OpenItem, row: models.OpenItem | None, settled: int
) -> dict[str, Any]:
    """What is told of an item, and what is open of it."""
    told, currency = item.open_amount.minor, item.open_amount.currency
    known = row.most_minor if row is not None and row.currency == currency else 0
    most = max(told, known, key=abs)
    document = item.document_amount.minor if item.document_amount else None
    term = item.discount
    return {
        "kind": item.kind.value,
        "customer_number": item.customer_number,
        "customer_name": item.customer_name,
        "parent_number": item.parent_number,
        "document_minor": document,
        "most_minor": most,
        "told_minor": told,
        "told_at": telling.told_at,
        "currency": currency,
        "open_minor": still_open(told, most if document is None else document, settled),
        "issue_date": item.issue_date,
        "due_date": item.due_date,
        "discount_minor": term.amount.minor if term else 0,
        "discount_until": term.until if term else None,
        "further_references": list(item.references),
        "payer_iban": item.payer_iban,
    }


def _run(query: str, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        told = msgspec.json.encode(rows).decode()
        queries.run(query, tenant_id=current(), items=told)
