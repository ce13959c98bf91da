"""What operators stated about payments, as stored: who said what at the bank, and who confirmed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import msgspec

from nostro.domain.operator_evidence import EvidenceKind, EvidenceState, OperatorEvidence
from nostro.storage import models
from nostro.storage.tenancy import current


class StatedRow(msgspec.Struct, frozen=True, kw_only=True):
    """One statement as people see it."""

    stated: OperatorEvidence
    state: EvidenceState
    stated_by_name: str
    stated_at: datetime
    attachment_id: UUID | None
    decided_by_name: str
    decided_at: datetime | None


def insert(row: OperatorEvidence, name: str, attachment_id: UUID | None, now: datetime) -> None:
    models.OperatorEvidence.objects.create(
        id=UUID(row.id),
        tenant_id=current(),
        kind=row.kind.value,
        state=EvidenceState.PROPOSED.value,
        submission_id=UUID(row.submission_id),
        attempt_id=UUID(row.attempt_id) if row.attempt_id else None,
        told_by=row.told_by,
        text=row.text,
        attachment_id=attachment_id,
        stated_by=row.stated_by,
        stated_by_name=name,
        stated_at=now,
    )


def lock_proposed(evidence_id: UUID) -> OperatorEvidence | None:
    """A statement that nobody has decided on, locked."""
    rows = models.OperatorEvidence.objects.select_for_update(no_key=True)
    row = rows.filter(id=evidence_id, state=EvidenceState.PROPOSED.value).first()
    return _stated(row) if row else None


def decide(
    evidence_id: UUID, state: EvidenceState, person_id: str, name: str, now: datetime
) -> None:
    models.OperatorEvidence.objects.filter(id=evidence_id).update(
        state=state.value, decided_by=person_id, decided_by_name=name, decided_at=now
    )


def of_submission(submission_id: UUID) -> list[StatedRow]:
    """Everything stated about a file and the payments in it, oldest first."""
    rows = models.OperatorEvidence.objects.filter(submission_id=submission_id)
    return _told(rows.order_by("stated_at", "id"))


def waiting(limit: int) -> list[StatedRow]:
    """Statements that a second person has to confirm, oldest first."""
    rows = models.OperatorEvidence.objects.filter(state=EvidenceState.PROPOSED.value)
    return _told(rows.order_by("stated_at", "id")[:limit])


def _told(rows: Iterable[models.OperatorEvidence]) -> list[StatedRow]:
    return [
        StatedRow(
            stated=_stated(row),
            state=EvidenceState(row.state),
            stated_by_name=row.stated_by_name,
            stated_at=row.stated_at,
            attachment_id=row.attachment_id,
            decided_by_name=row.decided_by_name,
            decided_at=row.decided_at,
        )
        for row in rows
    ]


def _stated(row: models.OperatorEvidence) -> OperatorEvidence:
    return OperatorEvidence(
        id=str(row.id),
        kind=EvidenceKind(row.kind),
        submission_id=str(row.submission_id),
        attempt_id=str(row.attempt_id or ""),
        told_by=row.told_by,
        text=row.text,
        stated_by=row.stated_by,
        stated_at=row.stated_at,
    )
