"""The end of single sign-on: nobody is let in on that service's word any more."""

from __future__ import annotations

from uuid import UUID

import msgspec

from nostro.domain.party import Action
from nostro.storage import sign_on
from nostro.workflows import single_sign_on
from nostro.workflows.changes import Change, Done, Kind
from nostro.workflows.changes.sign_on import CLIENT_SECRET, describe
from nostro.workflows.context import Acting

NAMED_MAX = 50


class WantedRemoval(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """There is nothing to choose: a customer has one service."""


def _look(acting: Acting, wanted: WantedRemoval, _: UUID) -> Change:
    row = single_sign_on.provider_of()
    shut_out = [one.name for one in sign_on.known(row.issuer, NAMED_MAX) if one.only_by_it]
    before = {name: told for name, told in describe(row).items() if name != CLIENT_SECRET}
    return Change(
        subject_id=acting.tenant_id,
        subject="Single sign-on",
        before=before,
        after={"have_no_other_way_in": sorted(shut_out)},
    )


def _apply(acting: Acting, wanted: WantedRemoval, change: Change, done: Done) -> None:
    single_sign_on.remove(acting)


KIND = Kind(
    name="sign_on_removal",
    title="End of single sign-on",
    wanted=WantedRemoval,
    asks=(Action.PROPOSE_ACCESS,),
    decides=Action.DECIDE_ACCESS,
    look=_look,
    apply=_apply,
)
