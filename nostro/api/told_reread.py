"""What programs are told of a statement that is read anew: what differs from what is stored."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from nostro.api.told import Told
from nostro.domain.match import MatchState
from nostro.domain.statement_reread import Difference, LineChange, StoredLine

LINES_MOST: Final = 500  # Of each kind; the counts are of all.


class ChangedField(Told):
    """Dates and texts as text, amounts in minor units. What lies under an entry is told as
    `details` without its content."""

    name: str
    before: str | int | None
    after: str | int | None


class ChangedLine(Told):
    """A stored line that reads otherwise: it keeps its id, and what it is matched to."""

    transaction_id: UUID
    line_before: int
    line_after: int
    match_state: MatchState
    fields: list[ChangedField]


class StoredLineTold(Told):
    transaction_id: UUID
    line: int
    match_state: MatchState


class RereadStatement(Told):
    """Counts are of all lines; of each kind at most 500 are listed. `in_the_way` are matched lines
    whose matches are to be undone before it can be applied. `applied`: it was written."""

    as_of: datetime
    applied: bool
    same: int
    changed_count: int
    added_count: int
    removed_count: int
    changed: list[ChangedLine]
    added: list[int]
    removed: list[StoredLineTold]
    in_the_way: list[StoredLineTold]


def told_reread(found: Difference, now: datetime, *, applied: bool) -> RereadStatement:
    return RereadStatement(
        as_of=now,
        applied=applied,
        same=found.same,
        changed_count=len(found.changed),
        added_count=len(found.added),
        removed_count=len(found.removed),
        changed=[_changed(one) for one in found.changed[:LINES_MOST]],
        added=[one.number for one in found.added[:LINES_MOST]],
        removed=[_stored(one) for one in found.removed[:LINES_MOST]],
        in_the_way=[_stored(one) for one in found.in_the_way[:LINES_MOST]],
    )


def _changed(one: LineChange) -> ChangedLine:
    return ChangedLine(
        transaction_id=one.stored.id,
        line_before=one.stored.number,
        line_after=one.read.number,
        match_state=one.stored.state,
        fields=[
            ChangedField(
                name=field.name,
                before=None if field.name == "details" else field.before,
                after=None if field.name == "details" else field.after,
            )
            for field in one.fields
        ],
    )


def _stored(one: StoredLine) -> StoredLineTold:
    return StoredLineTold(transaction_id=one.id, line=one.number, match_state=one.state)
