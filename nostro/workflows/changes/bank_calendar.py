"""When a bank takes payments: it decides when money leaves, so two people change it."""

from __future__ import annotations

from uuid import UUID

from nostro.domain.party import Action
from nostro.workflows import bank_calendars
from nostro.workflows.bank_calendars import WantedCalendar
from nostro.workflows.changes import Change, Done, Kind
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


KIND = Kind(
    name="bank_calendar",
    title="When a bank takes payments",
    wanted=WantedCalendar,
    asks=(Action.INTEGRATE, Action.PROPOSE_ACCESS),
    decides=Action.DECIDE_ACCESS,
    look=_look,
    apply=_apply,
)
