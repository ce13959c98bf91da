"""What programs are told of statements that they bring."""

from __future__ import annotations

from datetime import datetime
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
