"""For how many months files are kept: shortened, what proves a payment could be erased sooner."""

from __future__ import annotations

from uuid import UUID

import msgspec

from nostro.domain.party import Action
from nostro.domain.policies.retention import MONTHS_DEFAULT, MONTHS_MIN
from nostro.storage import retention as stored
from nostro.workflows import retention
from nostro.workflows.changes import Change, Done, Kind
from nostro.workflows.context import Acting


class WantedRetention(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`months` after the end of a file's year; 120 is ten years."""

    months: int


def _look(acting: Acting, wanted: WantedRetention, _: UUID) -> Change:
    retention.check_months(wanted.months, MONTHS_MIN)
    before = stored.months()
    return Change(
        subject_id=acting.tenant_id,
        subject="How long files are kept",
        before={"months": MONTHS_DEFAULT if before is None else before},
        after={"months": wanted.months},
    )


def _apply(acting: Acting, wanted: WantedRetention, change: Change, done: Done) -> None:
    retention.set_retention(acting, wanted.months, done.reason)


KIND = Kind(
    name="retention",
    title="How long files are kept",
    wanted=WantedRetention,
    asks=(Action.PROPOSE_ACCESS,),
    decides=Action.DECIDE_ACCESS,
    look=_look,
    apply=_apply,
)
