"""The end of a legal hold: placing one is safe and takes one person, lifting lets files go."""

from __future__ import annotations

from uuid import UUID

import msgspec

from nostro.domain.party import Action
from nostro.storage.subject_names import names_of
from nostro.workflows import retention
from nostro.workflows.changes import Change, Done, Kind
from nostro.workflows.context import Acting


class WantedLift(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`name` is what the hold is called."""

    name: str


def _look(acting: Acting, wanted: WantedLift, _: UUID) -> Change:
    hold = retention.hold_named(wanted.name)
    before = {"hold": hold.name, "placed_by": hold.placed_by, "because": hold.reason}
    ends = {"until": hold.ends_on.isoformat()} if hold.ends_on else {}
    over = {"over": _named(hold.evidence_id) if hold.evidence_id else "every file"}
    return Change(
        subject_id=hold.id,
        subject=f"Legal hold {hold.name}",
        before=before | over | ends,
        after={"hold": "lifted"},
    )


def _named(evidence_id: UUID) -> str:
    """The file as people know it."""
    who = ("evidence", str(evidence_id))
    return names_of([who]).get(who, str(evidence_id))


def _apply(acting: Acting, wanted: WantedLift, change: Change, done: Done) -> None:
    retention.lift_hold(acting, wanted.name, done.reason)


KIND = Kind(
    name="legal_hold_lift",
    title="The end of a legal hold",
    wanted=WantedLift,
    asks=(Action.PROPOSE_ACCESS,),
    decides=Action.DECIDE_ACCESS,
    look=_look,
    apply=_apply,
)
