"""Customers who owe: the list, and one with what is open, who pays for whom, and how he pays."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from nostro.console import words
from nostro.console.visiting import Visit, page, show
from nostro.domain import identifier
from nostro.storage import debtors, open_item_listing, parties, paying_accounts
from nostro.storage.debtors import DebtorRow, DebtorsWanted
from nostro.storage.open_item_listing import ItemsWanted, OpenSum
from nostro.storage.paying_accounts import PaidFrom

PAGE: Final = 50
OF_ONE: Final = 15  # Open items and children that the page of one customer shows.


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """How he paid, and whether his master data say so too."""

    paid: PaidFrom
    known: bool


@require_safe
@page
def debtor_list(request: HttpRequest, visit: Visit) -> HttpResponse:
    given = {name: request.GET.get(name, "").strip() for name in ("number", "parent", "entity")}
    found = debtors.debtors(
        DebtorsWanted(**given), limit=PAGE, cursor=request.GET.get("cursor", "")
    )
    asked = {name: value for name, value in given.items() if value}
    told = {
        "rows": found.rows,
        "given": given,
        "narrowed": bool(asked),
        "entities": [row.code for row in parties.entities()],
        "later": f"?{urlencode({**asked, 'cursor': found.next})}" if found.next else "",
        "first": f"?{urlencode(asked)}" if request.GET.get("cursor") else "",
    }
    return show(request, visit, "debtors.html", told)


@require_safe
@page
def debtor(request: HttpRequest, visit: Visit, debtor_id: UUID) -> HttpResponse:
    one = debtors.debtor(debtor_id)
    if one is None:
        raise Http404
    wanted = ItemsWanted(entity=one.entity_code, customer=one.number)
    items = open_item_listing.items(wanted, limit=OF_ONE)
    sums = open_item_listing.open_sums(wanted, visit.now.date())
    family = DebtorsWanted(entity=one.entity_code, parent=one.number)
    children = debtors.debtors(family, limit=OF_ONE)
    of_him = {"entity": one.entity_code, "customer": one.number}
    told: dict[str, Any] = {
        "one": one,
        "headline": _headline(sums),
        "sums": sums,
        "items": items.rows,
        "all_items": f"{reverse('open_items')}?{urlencode(of_him)}",
        "more_items": bool(items.next),
        "parent": _parent(one),
        "children": children.rows,
        "more_children": bool(children.next),
        "all_children": f"{reverse('debtors')}?"
        + urlencode({"entity": one.entity_code, "parent": one.number}),
        "seen": _seen(one),
    }
    return show(request, visit, "debtor.html", told)


def _headline(sums: list[OpenSum]) -> str:
    count = sum(one.count for one in sums)
    if not count:
        return "Nothing of his is open."
    late = sum(one.late_count for one in sums)
    verb = "is" if count == 1 else "are"
    told = f"{words.several(count, 'item')} {verb} open"
    return f"{told}, {late:,} past the due date." if late else f"{told}, none past the due date."


def _parent(one: DebtorRow) -> DebtorRow | None:
    if not one.parent_number:
        return None
    wanted = DebtorsWanted(entity=one.entity_code, number=one.parent_number)
    return next(iter(debtors.debtors(wanted, limit=1).rows), None)


def _seen(one: DebtorRow) -> list[Seen]:
    names = {name.casefold() for name in (one.name, *one.further_names) if name}
    return [
        Seen(
            paid=paid,
            known=identifier.compact(paid.iban) in one.ibans
            if paid.iban
            else paid.name.casefold() in names,
        )
        for paid in paying_accounts.of_customer(one.entity_code, one.number)
    ]
