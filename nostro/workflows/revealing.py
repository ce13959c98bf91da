"""What shows payees, accounts and amounts is in the log: who took bytes or a letter out of nostro,
and who was shown which confidential payments."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from nostro.domain.policies import confidential as policy
from nostro.storage import confidential, events
from nostro.storage.tenancy import Sight, looking, sight
from nostro.workflows.context import Acting

NAMED_MAX = 1000  # Payments that one event names; the count is of all.


@contextmanager
def looking_at(acting: Acting, *, cleared: bool) -> Iterator[None]:
    """Open a unit of work to show somebody something. Whoever is cleared sees confidential payments
    too; which of them he was shown becomes one event, committed before he gets the answer."""
    with looking(acting.tenant_id, cleared=cleared), confidential.noting() as noted:
        yield
        if cleared and noted:
            _tell(acting, noted)


def _tell(acting: Acting, noted: set[tuple[str, UUID]]) -> None:
    shown = sorted(key for _, key in confidential.among(noted))
    if shown:
        named = [str(key) for key in shown[:NAMED_MAX]]
        told = {"what": named, "count": len(shown)}
        who = UUID(acting.actor.id)
        events.record([acting.event("person.shown_confidential", acting.actor.kind, who, **told)])


def reveal_file(acting: Acting, evidence_id: UUID, name: str, digest: str) -> None:
    """Record that somebody took a file out; inside the open unit of work, before it is shown.

    Raises Refused for a file with confidential payments, for somebody who is not cleared.
    """
    check_shown(acting, "evidence", evidence_id)
    told = acting.event("evidence.revealed", "evidence", evidence_id, name=name, digest=digest)
    events.record([told])


def reveal_letter(acting: Acting, about: str, subject_id: UUID) -> None:
    """Record that somebody took out a letter to a bank about a file or a case."""
    events.record([acting.event("evidence.revealed", about, subject_id, name="letter to the bank")])


def check_shown(acting: Acting, kind: str, subject_id: UUID) -> None:
    """Raise Refused where this is about a confidential payment and whoever looks is not cleared;
    inside the unit of work that he looks in."""
    if sight() is Sight.OPEN and confidential.is_confidential(kind, subject_id):
        raise policy.not_cleared(acting.actor.name)


def check_log_shown(acting: Acting) -> None:
    """Raise Refused where the whole log would show confidential payments to somebody who is not
    cleared; inside the unit of work that he looks in."""
    if sight() is Sight.OPEN and confidential.is_there():
        raise policy.not_cleared(acting.actor.name)
