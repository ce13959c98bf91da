"""Open items: what customers owe, due first; what its source said, what is open, what paid it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from django.http import HttpRequest, HttpResponse, QueryDict
from django.views.decorators.http import require_safe

from nostro.console import words
from nostro.console.visiting import Visit, page, show
from nostro.console.words import Status
from nostro.domain.errors import Invalid
from nostro.domain.open_item import ItemKind
from nostro.storage import open_item_listing, parties
from nostro.storage.open_item_listing import ItemsWanted, OpenItemRow, OpenSum, PaidBy

PAGE: Final = 50
PAID_BY_SHOWN: Final = 3


class Looking(msgspec.Struct, frozen=True, kw_only=True):
    """Which items somebody looks at, as it stands in the address."""

    customer: str = ""
    document: str = ""
    entity: str = ""
    due: str = ""
    settled: str = ""
    cursor: str = ""

    @property
    def narrowed(self) -> bool:
        return bool(self.customer or self.document or self.entity or self.due)

    def query(self, **other: str) -> str:
        """The address of the same list, or of one that differs in this."""
        told = msgspec.structs.asdict(msgspec.structs.replace(self, cursor="")) | other
        return f"?{urlencode({name: value for name, value in told.items() if value})}"


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One item with how it stands and what stands on it."""

    item: OpenItemRow
    standing: Status
    paid_by: tuple[PaidBy, ...]
    more: int


@require_safe
@page
def open_items(request: HttpRequest, visit: Visit) -> HttpResponse:
    looking = _looking(request.GET)
    today, wanted = visit.now.date(), _wanted(looking)
    found = open_item_listing.items(wanted, limit=PAGE, cursor=looking.cursor)
    paid = open_item_listing.paid_by([row.id for row in found.rows])
    sums = open_item_listing.open_sums(wanted, today)
    context: dict[str, Any] = {
        "rows": [_line(row, paid.get(row.id, []), today) for row in found.rows],
        "sums": sums,
        "headline": _headline(sums, looking),
        "looking": looking,
        "entities": [row.code for row in parties.entities()],
        "older": looking.query(cursor=found.next) if found.next else "",
        "first": looking.query() if looking.cursor else "",
    }
    return show(request, visit, "open_items.html", context)


def _line(row: OpenItemRow, paid: Sequence[PaidBy], today: date) -> Line:
    return Line(
        item=row,
        standing=_standing(row, today),
        paid_by=tuple(paid[:PAID_BY_SHOWN]),
        more=max(0, len(paid) - PAID_BY_SHOWN),
    )


def _standing(row: OpenItemRow, today: date) -> Status:
    if not row.open_amount.minor:
        return Status(kind="ok", icon="circle-check", word="Nothing open")
    days = (today - row.due_date).days
    if row.kind is ItemKind.CREDIT_NOTE or row.open_amount.minor < 0:
        return Status(kind="mut", icon="undo-2", word="In the customer's favour")
    if days > 0:
        return Status(kind="warn", icon="clock", word=f"{words.several(days, 'day')} overdue")
    return Status(kind="info", icon="clock", word="Due today" if not days else "Not due yet")


def _headline(sums: Sequence[OpenSum], looking: Looking) -> str:
    count, late = sum(one.count for one in sums), sum(one.late_count for one in sums)
    if not count:
        return "Nothing like that is open." if looking.narrowed else "Nothing is open."
    verb = "is" if count == 1 else "are"
    told = f"{words.several(count, 'item')} {verb} open"
    return f"{told}, {late:,} past the due date." if late else f"{told}, none past the due date."


def _looking(sent: QueryDict) -> Looking:
    return Looking(**{name: sent.get(name, "").strip() for name in Looking.__struct_fields__})


def _wanted(looking: Looking) -> ItemsWanted:
    try:
        due = date.fromisoformat(looking.due) if looking.due else None
    except ValueError:
        raise Invalid(
            "filter_unfit",
            f"{looking.due[:20]!r} is not a day.",
            "Nothing was looked for.",
            "Write it like 2026-11-30.",
            field="due",
        ) from None
    return ItemsWanted(
        customer=looking.customer,
        document=looking.document,
        entity=looking.entity,
        due_until=due,
        settled=bool(looking.settled),
    )
