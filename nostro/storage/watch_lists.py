"""Watch lists as stored: one in force of each, read as a whole; and what customers cleared.

Lists are written as the owner of the schema: nothing that serves a customer may change them.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date, datetime
from itertools import islice
from uuid import UUID

import msgspec
from django.db import transaction

from nostro.domain.policies.screening import Cleared
from nostro.domain.watch_list import WatchListEntry, WatchListInForce
from nostro.storage import bulk, models
from nostro.storage.tenancy import current

PART_ENTRIES = 2000
_ENTRIES = msgspec.json.Decoder(list[WatchListEntry])


class LoadedList(msgspec.Struct, frozen=True, kw_only=True):
    """One load of a list, as it is told to people."""

    id: UUID
    code: str
    name: str
    published_on: date | None
    file_name: str
    file_digest: str
    entries: int
    names: int
    loaded_at: datetime
    loaded_by: str
    in_force: bool

    def as_in_force(self) -> WatchListInForce:
        return WatchListInForce(
            id=str(self.id),
            code=self.code,
            name=self.name,
            published_on=self.published_on,
            entries=self.entries,
            names=self.names,
        )


def in_force(using: str = "default") -> list[WatchListInForce]:
    """The lists that payees are compared with now, by code."""
    return [one.as_in_force() for one in loaded(using=using, only_in_force=True)]


def loaded(using: str = "default", *, only_in_force: bool = False) -> list[LoadedList]:
    """Every load, the newest first."""
    rows = models.WatchList.objects.using(using).order_by("code", "-in_force", "-loaded_at")
    if only_in_force:
        rows = rows.filter(in_force=True)
    return [LoadedList(**told) for told in rows.values(*LoadedList.__struct_fields__)]


def entries(list_id: str) -> Iterator[WatchListEntry]:
    """The entries of a list that is in force, as published."""
    parts = models.WatchListPart.objects.filter(watch_list_id=UUID(list_id)).order_by("position")
    for content in parts.values_list("content", flat=True):
        yield from _ENTRIES.decode(zlib.decompress(content))


def put_in_force(told: LoadedList, listed: Sequence[WatchListEntry], ids: Iterable[UUID]) -> None:
    """Store a list and compare with it from now on. Of the one before only that it was stays.

    `ids` are for its parts. As the owner.
    """
    with transaction.atomic(using="owner"):
        _end(told.code)
        columns = {field: getattr(told, field) for field in told.__struct_fields__}
        models.WatchList.objects.using("owner").create(**columns)
        left = iter(listed)
        for position, part_id in enumerate(ids):
            part = list(islice(left, PART_ENTRIES))
            if not part:
                break
            models.WatchListPart.objects.using("owner").create(
                id=part_id,
                watch_list_id=told.id,
                position=position,
                content=zlib.compress(msgspec.json.encode(part), 6),
            )


def end(code: str) -> bool:
    """Compare with a list no more; False when it was not in force. As the owner."""
    with transaction.atomic(using="owner"):
        return _end(code)


def _end(code: str) -> bool:
    before = models.WatchList.objects.using("owner").filter(code=code, in_force=True)
    parts = models.WatchListPart.objects.using("owner")
    parts.filter(watch_list_id__in=list(before.values_list("id", flat=True))).delete()
    return before.update(in_force=False) > 0


def cleared(payee_digests: Collection[str]) -> set[Cleared]:
    """What people of this customer cleared of these payees' names."""
    found = models.ScreeningClearance.objects.filter(bulk.one_of("payee_digest", payee_digests))
    columns = ("payee_digest", "list_code", "entry_id", "entry_digest")
    return {Cleared(*row) for row in found.values_list(*columns)}


def clear(
    rows: Iterable[tuple[UUID, Cleared]], order_id: UUID, by: str, reason: str, now: datetime
) -> int:
    """Remember what a person cleared, as (id, what); returns how much of it was new."""
    tenant_id = current()
    return bulk.insert(
        models.ScreeningClearance,
        [
            {
                "id": row_id,
                "tenant_id": tenant_id,
                "order_id": order_id,
                "payee_digest": told.payee_digest,
                "list_code": told.list_code,
                "entry_id": told.entry_id,
                "entry_digest": told.entry_digest,
                "cleared_at": now,
                "cleared_by": by,
                "reason": reason,
            }
            for row_id, told in rows
        ],
    )


def was_let_go(order_id: UUID, code: str) -> bool:
    """Whether a person has let this order go after a hold of that code."""
    found = models.Hold.objects.filter(order_id=order_id, code=code, closed_at__isnull=False)
    return found.exists()


def open_hits(order_id: UUID, code: str) -> list[str]:
    """What the open holds of that code of one order refer to."""
    found = models.Hold.objects.filter(order_id=order_id, code=code, closed_at__isnull=True)
    return list(found.order_by("opened_at", "id").values_list("refers_to", flat=True))
