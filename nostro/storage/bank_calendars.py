"""The calendars of a customer's banks, version by version: from when each counts, who and why."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from nostro.domain.bank_calendar import BankTerms
from nostro.storage import models
from nostro.storage.tenancy import current


class CalendarVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One version; the one that counts is the newest `valid_from` that has come."""

    connection_id: UUID
    version: int
    terms: BankTerms
    valid_from: datetime
    changed_by: str
    reason: str
    changed_at: datetime


def versions(connection_id: UUID) -> list[CalendarVersion]:
    """All versions of one bank's calendar, in the order in which they count, the last one first."""
    rows = models.BankCalendar.objects.filter(connection_id=connection_id)
    return [_version(row) for row in rows.order_by("-valid_from", "-version")]


def in_force(connection_id: UUID, now: datetime) -> CalendarVersion | None:
    """The version that counts now; None when nobody has set one."""
    return next((one for one in versions(connection_id) if one.valid_from <= now), None)


def next_change(connection_id: UUID, now: datetime) -> datetime | None:
    """When another version begins to count; None when none is waiting."""
    rows = models.BankCalendar.objects.filter(connection_id=connection_id, valid_from__gt=now)
    return rows.order_by("valid_from").values_list("valid_from", flat=True).first()


def add(
    calendar_id: UUID,
    connection_id: UUID,
    terms: BankTerms,
    valid_from: datetime,
    changed_by: str,
    reason: str,
    now: datetime,
) -> int:
    """Write a version down; returns its number. The connection is locked by who does it."""
    rows = models.BankCalendar.objects.filter(connection_id=connection_id)
    last = rows.order_by("-version").values_list("version", flat=True).first()
    version = (last or 0) + 1
    models.BankCalendar.objects.create(
        id=calendar_id,
        tenant_id=current(),
        connection_id=connection_id,
        version=version,
        terms=msgspec.to_builtins(terms),
        valid_from=valid_from,
        changed_by=changed_by,
        reason=reason,
        changed_at=now,
    )
    return version


def _version(row: models.BankCalendar) -> CalendarVersion:
    return CalendarVersion(
        connection_id=row.connection_id,
        version=row.version,
        terms=msgspec.convert(row.terms, BankTerms),
        valid_from=row.valid_from,
        changed_by=row.changed_by,
        reason=row.reason,
        changed_at=row.changed_at,
    )
