"""Who takes bytes or a letter out of nostro is in the log: they show accounts, names, amounts."""

from __future__ import annotations

from uuid import UUID

from nostro.storage import events
from nostro.workflows.context import Acting


def reveal_file(acting: Acting, evidence_id: UUID, name: str, digest: str) -> None:
    """Record that somebody took a file out; inside the open unit of work, before it is shown."""
    told = acting.event("evidence.revealed", "evidence", evidence_id, name=name, digest=digest)
    events.record([told])


def reveal_letter(acting: Acting, about: str, subject_id: UUID) -> None:
    """Record that somebody took out a letter to a bank about a file or a case."""
    events.record([acting.event("evidence.revealed", about, subject_id, name="letter to the bank")])
