"""Long files of statements as stored: how far each is, and how it is taken back."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from nostro.domain.errors import Refused
from nostro.domain.problem import Problem
from nostro.domain.statement import BalanceVerdict
from nostro.domain.statement_identity import Days
from nostro.storage import bulk, models, queries
from nostro.storage.tenancy import current

_PLACES = 24  # Bits of an id in which the place of a statement in its file stands.


class StatementFileRow(msgspec.Struct, frozen=True, kw_only=True):
    """One long file. `records_done` of it are stored, `lines_done` of them lines of which
    `lines_new` were new; `statement_id` is the statement that is being stored."""

    id: UUID
    evidence_id: UUID
    connection_id: UUID | None
    statement_id: UUID | None
    format_profile: str
    state: str
    received_at: datetime
    records_done: int = 0
    lines_done: int = 0
    lines_new: int = 0
    records_explained: int = 0
    finished_at: datetime | None = None


def insert(row: StatementFileRow, due: datetime) -> None:
    told = {name: getattr(row, name) for name in row.__struct_fields__}
    models.StatementFile.objects.create(**told, tenant_id=current(), next_action_at=due)


def of_evidence(evidence_id: UUID) -> UUID | None:
    """The file that was begun with these bytes."""
    rows = models.StatementFile.objects.filter(evidence_id=evidence_id)
    return rows.values_list("id", flat=True).first()


def load(file_id: UUID, *, locked: bool = False) -> StatementFileRow:
    rows = models.StatementFile.objects
    found = rows.select_for_update(no_key=True) if locked else rows
    row = found.filter(id=file_id).first()
    if row is None:
        raise Refused("statement_file_unknown", "There is no such file of statements here.")
    return _row(row)


def find(file_id: UUID) -> StatementFileRow | None:
    """The same for whoever asks; None when this customer has no such file."""
    row = models.StatementFile.objects.filter(id=file_id).first()
    return None if row is None else _row(row)


def _row(row: models.StatementFile) -> StatementFileRow:
    return StatementFileRow(
        **{name: getattr(row, name) for name in StatementFileRow.__struct_fields__}
    )


def update(file_id: UUID, **changes: Any) -> None:
    models.StatementFile.objects.filter(id=file_id).update(**changes)


def close_statement(
    statement_id: UUID,
    verdict: BalanceVerdict,
    content: str,
    days: Days | None,
    entries: int,
    problems: Sequence[Problem],
) -> None:
    """What is known of a statement once all of it was read."""
    models.Statement.objects.filter(id=statement_id).update(
        verdict=verdict.verdict.value,
        verdict_reason=verdict.reason,
        opening_minor=verdict.opening.minor if verdict.opening else None,
        closing_minor=verdict.closing.minor if verdict.closing else None,
        content=content,
        from_day=days[0] if days else None,
        to_day=days[1] if days else None,
        entry_count=entries,
        problems=msgspec.to_builtins(problems),
    )


def told_so_far(statement_id: UUID, digests: Collection[str]) -> dict[str, int]:
    """How often a statement, as far as it is stored, tells each of these lines."""
    told = queries.rows("lines_told_so_far", statement=statement_id, lines=list(digests))
    return {row["line"]: row["copies"] for row in told}


def id_of_statement(file_id: UUID, number: int) -> UUID:
    """The id of a statement of a file by its place in it: whoever goes on needs no look-up, and
    two that the bank gave one name stay two. In the order of the file, as all ids are in time."""
    return UUID(int=(file_id.int >> _PLACES << _PLACES) + number)


def not_explained(file_id: UUID, number: int) -> set[UUID]:
    """The statements of a file after that place."""
    first, last = (id_of_statement(file_id, n) for n in (number + 1, (1 << _PLACES) - 1))
    rows = models.Statement.objects.filter(id__range=(first, last))
    return set(rows.values_list("id", flat=True))


def withdraw_statements(statement_ids: Collection[UUID]) -> None:
    """Take back what was stored of these; a line that another one tells too becomes its."""
    told = bulk.ids_literal(statement_ids)
    queries.run("hand_over_lines", statements=told)
    queries.run("withdraw_statements", statements=told)
