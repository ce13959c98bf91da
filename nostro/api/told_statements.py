"""What programs are told of statements that they bring."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Literal
from uuid import UUID

from pydantic import Field

from nostro.api.told import Told


class FileNotTaken(Told):
    """A file of an archive that could not be used, and why."""

    name: str
    code: str
    happened: str


class StatementsTaken(Told):
    """What became of a file: statements that are new, that had come before, of accounts that are
    not ours (a Case each), reports of the day, and lines. `waiting` are long files that are still
    being taken in: read them at `/v1/statement-files/{id}`."""

    evidence_id: UUID
    format: str
    waiting: list[UUID]
    statements: int
    came_before: int
    not_ours: int
    reports: int
    lines: int
    new_lines: int
    verdicts: dict[str, int] = Field(description="New statements by whether they close.")
    not_taken: list[FileNotTaken]


class StatementFile(Told):
    """A long file: `storing` and `explaining` are on the way, `refused` could not be used (a Case
    says why) and nothing of it counts."""

    id: UUID
    evidence_id: UUID
    state: Literal["storing", "explaining", "done", "refused"]
    lines_stored: int = Field(validation_alias="lines_done")
    lines_new: int
    records_stored: int = Field(validation_alias="records_done")
    records_explained: int
    received_at: datetime
    finished_at: datetime | None


class Expectation(Told):
    """The statement of a bank day comes some bank days later, until a time on its clock."""

    by: time
    time_zone: str
    calendars: list[str]
    days_after: int
    grace_minutes: int
    missing_after_days: int
    reports: list[time] = Field(description="Until when reports of the day come.")


class ExpectedStatements(Told):
    """The prior-day statements of one account. `expected` null: nobody said when they come, so none
    is ever late. `last_day` is the last day that is told, heard of at `received_at`; the statement
    of `next_day` is late after `next_at`."""

    account_id: UUID
    account_name: str
    account_iban: str
    expected: Expectation | None
    last_day: date | None
    received_at: datetime | None
    late: list[date]
    missing: list[date]
    next_day: date | None
    next_at: datetime | None
    as_of: datetime
