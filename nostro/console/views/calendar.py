"""Bank and rail calendar: until when each bank takes payments, which days are closed and why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import msgspec
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from nostro.app import world
from nostro.console import words
from nostro.console.cut_off_words import spoken
from nostro.console.visiting import Visit, page, show
from nostro.console.words import Status
from nostro.domain import duties
from nostro.domain.errors import Invalid
from nostro.ops.calendar import calendars, why_closed
from nostro.storage import bank_calendars, parties
from nostro.storage.bank_calendars import CalendarVersion
from nostro.workflows import bank_hours, changes
from nostro.workflows.bank_calendars import lines_of
from nostro.workflows.bank_hours import AccountHours, ClearingHours

DAYS_SHOWN = 10
KIND = "bank_calendar"
_SOON = timedelta(hours=2)
_TODAY = timedelta(days=1)


class CutOffLine(msgspec.Struct, frozen=True, kw_only=True):
    """One account and rail: how long there still is, and whose word that is."""

    row: AccountHours
    rail: str
    until: str
    left: Status


class ClearingLine(msgspec.Struct, frozen=True, kw_only=True):
    row: ClearingHours
    today: Status


class DayLine(msgspec.Struct, frozen=True, kw_only=True):
    """One day, and which calendars are closed on it."""

    day: date
    weekday: str
    standing: Status
    closed: tuple[str, ...]


class BankLine(msgspec.Struct, frozen=True, kw_only=True):
    """What one bank has agreed to, in lines, and the version that waits to count."""

    name: str
    counts: CalendarVersion | None
    terms: tuple[tuple[str, tuple[str, ...]], ...]
    waiting: tuple[CalendarVersion, ...]
    ask: str

    def closed_on(self, day: date) -> list[str]:
        """Why the bank itself is closed on a day, with its name."""
        rows = self.counts.terms.closed_days if self.counts else ()
        return [f"{self.name}: {row.reason}" for row in rows if row.day == day]


@require_safe
@page
def calendar_page(request: HttpRequest, visit: Visit) -> HttpResponse:
    now = visit.now
    rows, unreadable = _accounts()
    lines = sorted((_cut_off(row, now) for row in rows), key=_soonest)
    banks = _banks(rows, now)
    told: dict[str, Any] = {
        "headline": headline(lines),
        "cut_offs": lines,
        "unreadable": unreadable,
        "days": _days(rows, banks, now.date()),
        **_clearings(rows, now, every=request.GET.get("clearings") == "all"),
        "banks": banks,
        "may_ask": any(duties.may(visit.member, one) for one in changes.named(KIND).asks),
    }
    return show(request, visit, "calendar.html", told)


def headline(lines: Sequence[CutOffLine]) -> str:
    """The next cut-off in one sentence."""
    first = next((line for line in lines if line.row.last), None)
    if first is None:
        return "No cut-off is known."
    return (
        f"The next cut-off is {first.until}, {first.left.word}: {first.row.account}, {first.rail}."
    )


def _accounts() -> tuple[list[AccountHours], str]:
    try:
        return bank_hours.account_hours(world()), ""
    except Invalid as wrong:  # What a connection says of its bank cannot be read.
        return [], f"{wrong.happened} {wrong.can_do}"


def _soonest(line: CutOffLine) -> tuple[bool, str, str, str]:
    last = line.row.last
    return last is None, last.isoformat() if last else "", line.row.account, line.rail


def _cut_off(row: AccountHours, now: datetime) -> CutOffLine:
    if row.last is None:
        left = Status(kind="mut", icon="circle-help", word="not known")
        return CutOffLine(row=row, rail=words.rail_word(row.rail), until="", left=left)
    span = row.last - now
    kind = "warn" if span <= _SOON else "info" if span < _TODAY else "mut"
    at = datetime.fromisoformat(row.last_local)
    return CutOffLine(
        row=row,
        rail=words.rail_word(row.rail),
        until=f"{at:%H:%M} {row.time_zone} on {at.day} {at:%b %Y}",
        left=Status(kind=kind, icon="clock", word=f"in {spoken(span)}"),
    )


def _clearings(rows: Sequence[AccountHours], now: datetime, *, every: bool) -> dict[str, Any]:
    """Those of the accounts' currencies, or all that we know."""
    known = bank_hours.clearing_hours(now)
    used = {row.currency for row in rows}
    return {
        "clearings": [
            ClearingLine(row=row, today=_open_or(row.why_closed))
            for row in known
            if every or row.currency in used
        ],
        "known": len(known),
        "all_clearings": every,
    }


def _open_or(why: str) -> Status:
    if why:
        return Status(kind="mut", icon="pause", word=f"Closed: {why}")
    return Status(kind="ok", icon="circle-check", word="Open")


def _days(rows: Sequence[AccountHours], banks: Sequence[BankLine], today: date) -> list[DayLine]:
    """The next days, and which calendars that our accounts keep, and which banks, are closed."""
    used = {title for row in rows for title in row.calendars}
    names = [name for name, one in calendars().items() if one.title in used] or ["target"]
    days = [today + timedelta(days=ahead) for ahead in range(DAYS_SHOWN)]
    return [
        _day(day, names, [why for bank in banks for why in bank.closed_on(day)]) for day in days
    ]


def _day(day: date, names: Sequence[str], own: Sequence[str]) -> DayLine:
    found = {name: why_closed(name)(day) for name in names}
    markets = [f"{calendars()[name].title}: {why}" for name, why in found.items() if why]
    closed = (*markets, *own)
    if not closed:
        standing = Status(kind="ok", icon="circle-check", word="All open")
    elif len(markets) == len(names):
        standing = Status(kind="mut", icon="pause", word="All closed")
    else:
        standing = Status(kind="warn", icon="circle-dashed", word="Some closed")
    return DayLine(day=day, weekday=f"{day:%A}", standing=standing, closed=closed)


def _banks(rows: Sequence[AccountHours], now: datetime) -> list[BankLine]:
    """The banks of our accounts by name, with what each has agreed to."""
    used = {row.connection_id for row in rows}
    return [_bank(one.id, one.name, now) for one in parties.connections() if one.id in used]


def _bank(connection_id: Any, name: str, now: datetime) -> BankLine:
    counts = bank_calendars.in_force(connection_id, now)
    told = lines_of(counts.terms) if counts else {}
    versions = bank_calendars.versions(connection_id)
    filled = {key: "\n".join(value) if isinstance(value, list) else value
              for key, value in told.items() if value not in ("", None, [])}  # fmt: skip
    query = urlencode({"connection": name, **filled})
    return BankLine(
        name=name,
        counts=counts,
        terms=tuple(
            (words.phrase(key), tuple(str(value).split("\n"))) for key, value in filled.items()
        ),
        waiting=tuple(one for one in reversed(versions) if one.valid_from > now),
        ask=f"{reverse('change_ask', args=[KIND])}?{query}",
    )
