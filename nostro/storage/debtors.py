"""Customers of our entities as stored: the newest told counts; and as they are read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
from django.db.models import Q

from nostro.domain.debtor import Debtor
from nostro.matching import item_keys
from nostro.storage import bulk, models, queries
from nostro.storage.listing import plain
from nostro.storage.open_items import Telling
from nostro.storage.paging import LIMIT_DEFAULT, Page, checked_limit, key_of, page_of
from nostro.storage.tenancy import current

_LIST: Final = "debtors"


class DebtorsTaken(msgspec.Struct, frozen=True, kw_only=True):
    """What became of them. `older`: something later, or the same, was told of these before."""

    new: int
    changed: int
    older: int


class DebtorRow(msgspec.Struct, frozen=True, kw_only=True):
    """One customer of an entity, as his source told him at `told_at`."""

    id: UUID
    entity_code: str
    number: str
    name: str
    parent_number: str
    ibans: tuple[str, ...]
    further_names: tuple[str, ...]
    source: str
    told_at: datetime


class DebtorsWanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which customers are looked for; empty: any. `parent`: those for whom this one pays."""

    entity: str = ""
    number: str = ""
    parent: str = ""


def take(
    telling: Telling, entity_id: UUID, told: Sequence[Debtor], new_id: Callable[[], UUID]
) -> DebtorsTaken:
    """Take in what a source tells of customers of an entity, each at most once. Inside a unit of
    work that has locked the entity."""
    ids = {one.number: new_id() for one in told}
    known = models.Debtor.objects.filter(entity_id=entity_id).filter(bulk.one_of("number", ids))
    before = set(known.values_list("number", flat=True))
    listed = [msgspec.structs.asdict(one) | {"id": ids[one.number]} for one in told]
    rows = queries.rows(
        "tell_debtors",
        tenant_id=current(),
        entity_id=entity_id,
        source=telling.source,
        told_at=telling.told_at,
        told=msgspec.json.encode(listed).decode(),
    )
    kept = {row["number"]: row["id"] for row in rows}
    _keep_keys(entity_id, [one for one in told if one.number in kept], kept, new_id)
    changed = len(kept.keys() & before)
    return DebtorsTaken(new=len(kept) - changed, changed=changed, older=len(told) - len(kept))


def _keep_keys(
    entity_id: UUID, told: Sequence[Debtor], ids: dict[str, UUID], new_id: Callable[[], UUID]
) -> None:
    """Those that are told now, in the place of those before."""
    models.DebtorKey.objects.filter(bulk.one_of("debtor_id", list(ids.values()))).delete()
    tenant_id = current()
    bulk.insert(
        models.DebtorKey,
        (
            {
                "id": new_id(), "tenant_id": tenant_id, "entity_id": entity_id,
                "kind": one.kind.value, "key": one.key, "debtor_id": ids[one.customer_number],
            }
            for one in item_keys.of_debtors(told)
        ),
    )  # fmt: skip


def debtors(
    wanted: DebtorsWanted, *, limit: int = LIMIT_DEFAULT, cursor: str = ""
) -> Page[DebtorRow]:
    """Customers by their numbers."""
    size = checked_limit(limit)
    asked = {
        "entity__code": plain(wanted.entity, "entity"),
        "number": plain(wanted.number, "number"),
        "parent_number": plain(wanted.parent, "parent"),
    }
    found = models.Debtor.objects.filter(**{name: told for name, told in asked.items() if told})
    if cursor:
        number, last = key_of(_LIST, cursor, lambda number, key: (number, UUID(key)))
        found = found.filter(Q(number__gt=number) | Q(number=number, id__gt=last))
    listed = found.select_related("entity").order_by("number", "id")[: size + 1]
    rows = [_row(row) for row in listed]
    return page_of(_LIST, rows, size, lambda row: (row.number, str(row.id)))


def debtor(debtor_id: UUID) -> DebtorRow | None:
    """One customer; None when there is none of that id."""
    found = models.Debtor.objects.filter(id=debtor_id).select_related("entity").first()
    return None if found is None else _row(found)


def _row(row: models.Debtor) -> DebtorRow:
    return DebtorRow(
        id=row.id,
        entity_code=row.entity.code,
        number=row.number,
        name=row.name,
        parent_number=row.parent_number,
        ibans=tuple(row.ibans),
        further_names=tuple(row.further_names),
        source=row.source,
        told_at=row.told_at,
    )
