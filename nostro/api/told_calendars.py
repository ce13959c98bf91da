"""What programs are told of bank days, cut-offs and banks' own calendars."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, WithJsonSchema

from nostro.api.told import Told
from nostro.domain.payment import Rail


class ClosedOn(Told):
    day: date
    reason: str


# A time on some clock has no offset, which the format "time" of JSON Schema (RFC 3339) asks for.
LocalTime = Annotated[
    time, WithJsonSchema({"type": "string", "pattern": "^[0-9]{2}:[0-9]{2}:[0-9]{2}$"})
]


class CutOffRule(Told):
    """`at` is on the clock of `time_zone`, `days_before` bank days before the day of execution."""

    at: LocalTime
    time_zone: str
    days_before: int


class ClearingCalendar(Told):
    """One clearing: its bank days, its next closed days, and its own cut-off, which comes after any
    bank's. `rails` are those of our payments that it carries; `why_closed` is about today there."""

    name: str
    title: str
    currency: str
    rails: list[str]
    calendar: str
    time_zone: str
    always_open: bool
    why_closed: str
    closed: list[ClosedOn]
    cut_off: CutOffRule | None
    source: str
    as_of: datetime


class CutOffTime(Told):
    """A payment of this rail from this account that the bank has until `last` is executed on `day`.

    `is_reference`: it is the clearing's cut-off, the bank's own is not known, and nothing is moved
    or held by it. `last_local` is the same moment on the bank's clock. `calendar_version` is 0 when
    nobody has set a calendar of the bank.
    """

    account_id: UUID
    account: str
    currency: str
    connection_id: UUID
    bank: str
    rail: Rail
    clearing: str
    calendars: list[str]
    time_zone: str
    why_closed: str
    day: date
    cut_off: CutOffRule | None = Field(validation_alias="rule")
    is_reference: bool
    last: datetime | None
    last_local: str
    opens: LocalTime | None
    takes_ahead_days: int | None
    calendar_version: int = Field(validation_alias="version")
    as_of: datetime


class BankCalendar(Told):
    """One version of a bank's own calendar, as its terms are written in a change request."""

    connection_id: UUID
    bank: str
    version: int
    terms: dict[str, Any]
    valid_from: datetime
    in_force: bool
    changed_by: str
    changed_at: datetime
    reason: str


class Plan(Told):
    """What becomes of a payment by the calendar, as things stand now: executed on `day`; its file
    leaves at `leaves_at`, at once when that is past. `last` is the bank's last moment for that day;
    `why` says why the day is not the one that was asked for, "" when it is."""

    day: date
    leaves_at: datetime
    time_zone: str
    cut_off: CutOffRule | None = Field(validation_alias="rule")
    last: datetime | None
    is_reference: bool
    why: str
