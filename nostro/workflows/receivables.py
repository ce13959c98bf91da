"""How open items come in: a list of their source, or a program's word; the newest told counts."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import BinaryIO, Final
from uuid import UUID

import msgspec

from nostro import formats
from nostro.domain.errors import Invalid
from nostro.domain.open_item import OpenItem
from nostro.domain.problem import RejectedLine
from nostro.formats import Profile
from nostro.storage import events, open_items, parties
from nostro.storage.open_items import Taken, Telling
from nostro.storage.tenancy import tenant
from nostro.workflows import arrival
from nostro.workflows.context import Acting
from nostro.workflows.wake import wake_lines

AT_ONCE: Final = 2_000  # Items of one unit of work; a list that is cut off goes on at the next run.
AHEAD_MOST: Final = timedelta(minutes=10)  # Clocks differ; no list speaks of what is to come.
SHOWN_MAX: Final = 1_000  # Rejected lines that a receipt names; all of them are counted.


class ItemsReceipt(msgspec.Struct, kw_only=True):
    """What became of a list: how many items were read, and which lines could not be used.

    `closed`: items that a complete list no longer held. `not_closed` says why none was, where the
    list was handed in as complete and could not count as such.
    """

    evidence_id: UUID
    read: int = 0
    new: int = 0
    changed: int = 0
    older: int = 0
    closed: int = 0
    rejected_count: int = 0
    rejected: list[RejectedLine] = []
    not_closed: str = ""

    def add(self, taken: Taken) -> None:
        self.new += taken.new
        self.changed += taken.changed
        self.older += taken.older

    def reject(self, line: RejectedLine) -> None:
        self.rejected_count += 1
        if len(self.rejected) < SHOWN_MAX:
            self.rejected.append(line)


class ItemsTaken(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the items that a program told, as of `told_at`."""

    told_at: datetime
    new: int
    changed: int
    older: int
    closed: int


def receive_open_items(
    acting: Acting,
    name: str,
    content: bytes | BinaryIO,
    profile: Profile,
    *,
    source: str = "",
    told_at: datetime | None = None,
    complete: bool = False,
    heard: Callable[[int], None] = lambda _read: None,
) -> ItemsReceipt:
    """Take in a list of open items. `told_at` is the moment that it speaks of, else now; a
    `complete` one closes what it does not hold. Interrupted, it is simply handed in again.

    Raises Invalid when it is no list of open items, which is kept even then, or when it speaks of
    a moment to come.
    """
    telling = telling_of(acting, source, told_at)
    stream = io.BytesIO(content) if isinstance(content, bytes) else content
    form, kept = arrival.keep_stream(acting, name, stream)
    receipt = ItemsReceipt(evidence_id=kept)
    stream.seek(0)
    entity_ids = _entities(acting)
    named: set[str] = set()
    for items in _read(form.name, formats.reader(form)(stream, profile), entity_ids, receipt):
        named |= {item.entity_code for item in items}
        with tenant(acting.tenant_id):
            _take(acting, telling, items, entity_ids, receipt)
        heard(receipt.read)
    with tenant(acting.tenant_id):
        if complete:
            _complete(acting, telling, [entity_ids[code] for code in sorted(named)], receipt)
        _tell(acting, receipt, name, source)
    return receipt


def telling_of(acting: Acting, source: str, told_at: datetime | None) -> Telling:
    """Raises Invalid for a moment to come: every list until then would be the older one."""
    now = acting.world.clock.now()
    if told_at is not None and told_at > now + AHEAD_MOST:
        raise Invalid(
            "told_in_the_future",
            f"The list speaks of {told_at.isoformat()}; it is {now.isoformat(timespec='minutes')}.",
            "Nothing was taken.",
            "Say the moment at which the source looked, with its zone.",
            field="told_at",
        )
    return Telling(source=source, told_at=told_at or now)


def _entities(acting: Acting) -> dict[str, UUID]:
    with tenant(acting.tenant_id):
        return {entity.code: UUID(entity.id) for entity in parties.entities()}


def _read(
    form: str, found: Iterator[object], known: dict[str, UUID], receipt: ItemsReceipt
) -> Iterator[list[OpenItem]]:
    """The items of a list that can be used, some at a time."""
    some: list[OpenItem] = []
    for one in found:
        if isinstance(one, RejectedLine):
            receipt.reject(one)
            continue
        if not isinstance(one, OpenItem):
            raise Invalid(
                "not_an_open_item_list",
                f"This is a {form} file; it carries no open items.",
                "The original is kept; nothing was taken from it.",
            )
        receipt.read += 1
        if one.entity_code not in known:
            receipt.reject(_unknown_entity(one))
            continue
        some.append(one)
        if len(some) == AT_ONCE:
            yield some
            some = []
    if some:
        yield some


def _unknown_entity(item: OpenItem) -> RejectedLine:
    return RejectedLine(
        line=item.line,
        code="entity_unknown",
        sentence=f"There is no entity {item.entity_code!r} here.",
        can_do="Add the entity, or correct its code at the source.",
        raw=item.id,
    )


def _take(
    acting: Acting,
    telling: Telling,
    items: Sequence[OpenItem],
    entity_ids: dict[str, UUID],
    receipt: ItemsReceipt,
) -> None:
    for code in sorted({item.entity_code for item in items}):
        parties.lock_entity(entity_ids[code])
    taken = open_items.take(telling, items, acting.world.ids.new)
    receipt.add(taken)
    if taken.new or taken.changed:
        for code in sorted({item.entity_code for item in items}):
            wake_lines(acting.tenant_id, entity_ids[code])
    lines = {item.id: item.line for item in items}
    for item_id in taken.other_currency:
        receipt.reject(
            RejectedLine(
                line=lines[item_id],
                code="item_currency_changed",
                sentence=f"{item_id} is matched already in another currency.",
                can_do="Undo its matches first, or correct the currency at the source.",
                raw=item_id,
            )
        )


def _complete(
    acting: Acting, telling: Telling, entity_ids: Sequence[UUID], receipt: ItemsReceipt
) -> None:
    """Only a list that could be read whole can say what is no longer open."""
    if receipt.rejected_count:
        receipt.not_closed = (
            f"{receipt.rejected_count} lines could not be used, so nobody knows what else was open"
        )
        return
    for entity_id in entity_ids:
        parties.lock_entity(entity_id)
        receipt.closed += open_items.complete(
            telling, entity_id, receipt.evidence_id, acting.world.ids.new()
        )


def _tell(acting: Acting, receipt: ItemsReceipt, name: str, source: str) -> None:
    received = acting.event(
        "open_items.received",
        "evidence",
        receipt.evidence_id,
        file=name,
        source=source,
        read=receipt.read,
        new=receipt.new,
        changed=receipt.changed,
        older=receipt.older,
        closed=receipt.closed,
        unusable=receipt.rejected_count,
    )
    events.record([received])


def take_open_items(
    acting: Acting,
    entity_code: str,
    items: Sequence[OpenItem],
    *,
    source: str,
    told_at: datetime | None,
    complete: bool,
) -> ItemsTaken:
    """What a program tells of the open items of one entity: all are taken or none.

    Inside a unit of work. Raises Invalid when there is no such entity, an item is told twice, or
    one is matched already in another currency.
    """
    entity_id = entity_named(entity_code)
    telling = telling_of(acting, source, told_at)
    _each_once(items)
    parties.lock_entity(entity_id)
    taken = open_items.take(telling, items, acting.world.ids.new)
    if taken.other_currency:
        raise Invalid(
            "item_currency_changed",
            f"{taken.other_currency[0]} is matched already in another currency.",
            "No item was taken.",
            "Undo its matches first, or correct the currency.",
            field="items",
        )
    if taken.new or taken.changed:
        wake_lines(acting.tenant_id, entity_id)
    counts = {"new": taken.new, "changed": taken.changed, "older": taken.older, "closed": 0}
    if complete:
        counts["closed"] = open_items.complete(telling, entity_id, None, acting.world.ids.new())
    received = acting.event(
        "open_items.received", "entity", entity_id, source=source, read=len(items), **counts
    )
    events.record([received])
    return ItemsTaken(told_at=telling.told_at, **counts)


def entity_named(code: str) -> UUID:
    for entity in parties.entities():
        if entity.code == code:
            return UUID(entity.id)
    raise Invalid(
        "entity_unknown",
        f"There is no entity {code!r} here.",
        "Nothing was taken.",
        "Add the entity, or correct its code.",
        field="entity",
    )


def _each_once(items: Sequence[OpenItem]) -> None:
    seen: set[str] = set()
    for place, item in enumerate(items):
        if item.id in seen:
            raise Invalid(
                "item_told_twice",
                f"{item.id} is told twice.",
                "No item was taken.",
                "Send each item once.",
                field=f"items[{place}]",
            )
        seen.add(item.id)
