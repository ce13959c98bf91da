"""Pending: what banks announced during the day, and what has become of it."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from nostro.console import words
from nostro.console.visiting import Visit, page, show
from nostro.console.words import Status
from nostro.domain.errors import Invalid
from nostro.domain.statement import EntryStatus
from nostro.storage import listing, pending_listing
from nostro.storage.paging import every
from nostro.storage.pending_listing import Became, PendingRow, PendingWanted

PAGE: Final = 50
COUNTED_MOST: Final = 1000


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One announced line with how it stands."""

    row: PendingRow
    status: Status


@require_safe
@page
def pending(request: HttpRequest, visit: Visit) -> HttpResponse:
    account, cursor = _id(request.GET.get("account", "")), request.GET.get("cursor", "")
    booked = bool(request.GET.get("booked"))
    wanted = PendingWanted(account=account, became=None if booked else Became.WAITS)
    found = pending_listing.lines(wanted, limit=PAGE, cursor=cursor)
    waits = PendingWanted(account=account, became=Became.WAITS)
    asked = {"account": str(account or ""), "booked": "1" if booked else ""}
    here = {name: value for name, value in asked.items() if value}
    context = {
        "lines": [Line(row=row, status=_status(row)) for row in found.rows],
        "moments": [
            one
            for one in pending_listing.newest_with_balance()
            if account in (None, one.account_id)
        ],
        "headline": _headline(pending_listing.waiting_count(waits, COUNTED_MOST + 1)),
        "accounts": list(every(listing.accounts)),
        "account": account,
        "booked": booked,
        "narrowed": bool(here),
        "older": _address({**here, "cursor": found.next}) if found.next else "",
        "newest": _address(here) if cursor else "",
    }
    return show(request, visit, "pending.html", context)


def _address(asked: dict[str, str]) -> str:
    return f"{reverse('pending')}?{urlencode(asked)}" if asked else reverse("pending")


def _id(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError as error:
        raise Invalid(
            "account_unknown", "There is no such account.", can_do="Choose one of the list."
        ) from error


def _headline(count: int) -> str:
    if count > COUNTED_MOST:
        return f"More than {COUNTED_MOST:,} entries are announced and not booked"
    if not count:
        return "Everything that banks announced is booked"
    told = words.several(count, "entry is", "entries are")
    return f"{told} announced and not booked"


def _status(row: PendingRow) -> Status:
    if row.became is Became.BOOKED:
        return Status(kind="ok", icon="circle-check", word="Booked")
    if row.became is Became.CONFIRMED:
        return Status(kind="mut", icon="check-check", word="Told again as booked")
    return _WAITING.get(row.status, _WAITING[EntryStatus.PDNG])


_WAITING: Final = {
    EntryStatus.BOOK.value: Status(kind="info", icon="clock", word="Booked today, says the bank"),
    EntryStatus.PDNG.value: Status(kind="warn", icon="circle-dashed", word="Pending"),
    EntryStatus.FUTR.value: Status(kind="info", icon="calendar", word="Dated ahead"),
    EntryStatus.INFO.value: Status(kind="mut", icon="minus", word="For information"),
}
