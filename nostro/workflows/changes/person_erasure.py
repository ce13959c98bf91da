"""Somebody who has left asks to be forgotten: his address and every way to sign in are erased."""

from __future__ import annotations

from uuid import UUID

import msgspec

from nostro.domain.party import Action
from nostro.workflows import personal_profile
from nostro.workflows.changes import Change, Done, Kind
from nostro.workflows.context import Acting


class WantedPersonErasure(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`person` is the address that he signs in with; it is not kept."""

    person: str


def _look(acting: Acting, wanted: WantedPersonErasure, _: UUID) -> Change:
    person_id = personal_profile.person_here(wanted.person)
    personal_profile.must_have_left(person_id)
    return Change(
        subject_id=person_id,
        subject=f"User {person_id}",
        before={"profile": "readable"},
        after={"profile": "erased for good; what he did stays in the log"},
    )


def _apply(acting: Acting, wanted: WantedPersonErasure, change: Change, done: Done) -> None:
    request = str(done.request_id)
    personal_profile.erase(acting, change.subject_id, done.reason, request=request)


KIND = Kind(
    name="person_erasure",
    title="Erase a user's profile",
    wanted=WantedPersonErasure,
    asks=(Action.PROPOSE_ACCESS, Action.DECIDE_ACCESS),
    decides=Action.DECIDE_ACCESS,
    look=_look,
    apply=_apply,
)
