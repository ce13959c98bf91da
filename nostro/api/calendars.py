"""Calendars for programs: clearings and their bank days, cut-offs by account, banks' own terms."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from django.http import HttpRequest
from ninja import Router

from nostro.api.callers import allowed, in_one_customer
from nostro.api.told import Listed
from nostro.api.told_calendars import BankCalendar, ClearingCalendar, CutOffTime
from nostro.app import world
from nostro.storage import bank_calendars, parties
from nostro.storage.bank_calendars import CalendarVersion
from nostro.storage.keys import Scope
from nostro.storage.paging import LIMIT_DEFAULT, Page, checked_limit, key_of, page_of
from nostro.workflows import bank_hours
from nostro.workflows.bank_calendars import lines_of
from nostro.workflows.bank_hours import AccountHours, ClearingHours

Row = TypeVar("Row")
router = Router(tags=["calendars"])
router.add_decorator(in_one_customer, mode="operation")


@router.get(
    "/calendars",
    response=Listed[ClearingCalendar],
    summary="Clearings by currency: bank days, the next closed days, their own cut-offs",
)
def list_calendars(
    request: HttpRequest, currency: str = "", limit: int = LIMIT_DEFAULT, cursor: str = ""
) -> Listed[ClearingCalendar]:
    allowed(request, Scope.ACCOUNTS_READ)
    found = bank_hours.clearing_hours(world().clock.now())
    rows = (row for row in found if currency in ("", row.currency))
    page = _page("calendars", rows, _by_currency, limit, cursor)
    items = [ClearingCalendar.model_validate(row) for row in page.rows]
    return Listed[ClearingCalendar](items=items, next=page.next or None)


@router.get(
    "/calendars/cut-offs",
    response=Listed[CutOffTime],
    summary="Until when each bank takes payments, by account and rail, in UTC and on its clock",
)
def list_cut_offs(
    request: HttpRequest,
    account: UUID | None = None,
    limit: int = LIMIT_DEFAULT,
    cursor: str = "",
) -> Listed[CutOffTime]:
    allowed(request, Scope.ACCOUNTS_READ)
    found = bank_hours.account_hours(world(), account)
    page = _page("cut_offs", found, _by_account, limit, cursor)
    items = [CutOffTime.model_validate(row) for row in page.rows]
    return Listed[CutOffTime](items=items, next=page.next or None)


@router.get(
    "/calendars/banks",
    response=Listed[BankCalendar],
    summary="Banks' own calendars, every version: from when it counts, who changed it and why",
)
def list_bank_calendars(
    request: HttpRequest,
    connection: UUID | None = None,
    limit: int = LIMIT_DEFAULT,
    cursor: str = "",
) -> Listed[BankCalendar]:
    allowed(request, Scope.ACCOUNTS_READ)
    now = world().clock.now()
    names = {row.id: row.name for row in parties.connections() if connection in (None, row.id)}
    found = [row for connection_id in names for row in bank_calendars.versions(connection_id)]
    page = _page("bank_calendars", found, _by_bank, limit, cursor)
    items = [_version(row, names[row.connection_id], now) for row in page.rows]
    return Listed[BankCalendar](items=items, next=page.next or None)


def _version(row: CalendarVersion, bank: str, now: datetime) -> BankCalendar:
    counts = bank_calendars.in_force(row.connection_id, now)
    return BankCalendar(
        connection_id=row.connection_id,
        bank=bank,
        version=row.version,
        terms=lines_of(row.terms),
        valid_from=row.valid_from,
        in_force=counts is not None and counts.version == row.version,
        changed_by=row.changed_by,
        changed_at=row.changed_at,
        reason=row.reason,
    )


def _by_currency(row: ClearingHours) -> tuple[str, ...]:
    return row.currency, row.name


def _by_account(row: AccountHours) -> tuple[str, ...]:
    return row.account, str(row.account_id), row.rail


def _by_bank(row: CalendarVersion) -> tuple[str, ...]:
    return str(row.connection_id), f"{row.version:09}"


def _page(
    name: str, rows: Iterable[Row], key: Callable[[Row], tuple[str, ...]], limit: int, cursor: str
) -> Page[Row]:
    """A page of a list that is worked out and not stored."""
    after = key_of(name, cursor, lambda *texts: texts) if cursor else ()
    left = sorted((row for row in rows if key(row) > after), key=key)
    return page_of(name, left[: checked_limit(limit) + 1], limit, key)
