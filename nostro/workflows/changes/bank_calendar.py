"""When a bank takes payments: it decides when money leaves, so two people change it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from nostro.domain.bank_calendar import BankTerms
from nostro.domain.errors import Invalid
from nostro.domain.party import Action
from nostro.domain.policy import SaidVersion, Subject
from nostro.storage import bank_calendars as calendars
from nostro.storage import parties
from nostro.storage.bank_calendars import CalendarVersion
from nostro.workflows import bank_calendars, planning
from nostro.workflows.bank_calendars import WantedCalendar
from nostro.workflows.changes import Change, Done, Kept, Kind
from nostro.workflows.context import Acting


def _look(acting: Acting, wanted: WantedCalendar, _: UUID) -> Change:
    connection_id, before, after = bank_calendars.preview(acting, wanted)
    return Change(
        subject_id=connection_id,
        subject=f"Calendar of {wanted.connection}",
        before=before,
        after=after,
    )


def _apply(acting: Acting, wanted: WantedCalendar, change: Change, done: Done) -> None:
    by = f"{done.asked_by_name} and {acting.actor.name}"
    bank_calendars.change(acting, wanted, done.reason, by)


def _subjects() -> list[Subject]:
    """The banks of our accounts."""
    used = {row.connection_id for row in parties.accounts()}
    found = (one for one in parties.connections() if str(one.id) in used)
    return [Subject(id=str(one.id), name=one.name) for one in found]


def _versions(connection_id: str, before: int | None, limit: int) -> list[SaidVersion]:
    rows = sorted(calendars.versions(UUID(connection_id)), key=lambda one: -one.version)
    found = [_said(one) for one in rows] + [_NOTHING_SAID]
    return [one for one in found if before is None or one.number < before][:limit]


def _counts(acting: Acting, connection_id: str) -> SaidVersion:
    found = calendars.in_force(UUID(connection_id), acting.world.clock.now())
    return _said(found) if found else _by_settings(acting, connection_id)


def _by_settings(acting: Acting, connection_id: str) -> SaidVersion:
    """What counts where nobody has agreed on a calendar: the cut-offs of the connection's settings,
    else those that the bank's profile has."""
    now = acting.world.clock.now()
    try:
        terms = planning.bank_of(UUID(connection_id), now).terms
    except Invalid:  # The connection's own page says what cannot be read of its settings.
        return _NOTHING_SAID
    return msgspec.structs.replace(_NOTHING_SAID, says=bank_calendars.lines_of(terms))


def _said(version: CalendarVersion) -> SaidVersion:
    return SaidVersion(
        number=version.version,
        says=bank_calendars.lines_of(version.terms),
        valid_from=version.valid_from,
        changed_by=version.changed_by,
        reason=version.reason,
    )


def _begins(acting: Acting, subject: Subject) -> dict[str, Any]:
    return {"connection": subject.name, **_counts(acting, subject.id).says}


_NOTHING_SAID = SaidVersion(
    number=0,
    says=bank_calendars.lines_of(BankTerms()),
    valid_from=None,
    changed_by="",
    reason="",
)


KIND = Kind(
    name="bank_calendar",
    title="When a bank takes payments",
    wanted=WantedCalendar,
    asks=(Action.INTEGRATE, Action.PROPOSE_ACCESS),
    decides=Action.DECIDE_ACCESS,
    look=_look,
    apply=_apply,
    kept=Kept(counts=_counts, versions=_versions, subjects=_subjects, begins=_begins),
)
