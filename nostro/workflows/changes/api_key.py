"""A program's key: whose it is, what it may be used for, from where, and until when.

Agreed to, it has no secret: its owner draws the token, which is shown to him once and to nobody
else. It can never approve.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from nostro.domain.errors import Invalid
from nostro.domain.party import Action
from nostro.storage import events, key_owning, keys, people
from nostro.storage.keys import Scope
from nostro.workflows.changes import Change, Done, Kind
from nostro.workflows.changes.membership import held_by, person_of
from nostro.workflows.context import Acting

LONGEST_DAYS = 366


class WantedKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`owner` is the address of the colleague who answers for it; without networks it is taken
    from anywhere."""

    name: str
    owner: str
    scopes: tuple[Scope, ...]
    networks: tuple[str, ...] = ()
    days: int = 90


def _look(acting: Acting, wanted: WantedKey, request_id: UUID) -> Change:
    named = wanted.name.strip() and wanted.owner.strip()
    if not named or not wanted.scopes or not 1 <= wanted.days <= LONGEST_DAYS:
        raise Invalid(
            "key_incomplete",
            "A key has a name, an owner who answers for it, something it is for, and an end within"
            f" {LONGEST_DAYS} days.",
            "Nothing was asked for.",
            "Complete it.",
            field="wanted",
        )
    keys.check_program(frozenset(wanted.scopes))
    owner = person_of(acting, wanted.owner)
    held_by(owner)
    after: dict[str, Any] = {
        "name": wanted.name,
        "owner": people.name_of(owner),
        "may": sorted(scope.value for scope in wanted.scopes),
        "from": list(keys.checked_networks(wanted.networks)) or ["anywhere"],
        "days": wanted.days,
    }
    return Change(
        subject_id=request_id,
        subject=f"Key {wanted.name}",
        before={},
        after=after,
        beneficiaries=(str(owner),),
    )


def _apply(acting: Acting, wanted: WantedKey, change: Change, done: Done) -> None:
    now = acting.world.clock.now()
    key_owning.prepare(
        done.request_id,
        name=wanted.name,
        scopes=wanted.scopes,
        networks=keys.checked_networks(wanted.networks),
        owner_id=person_of(acting, wanted.owner),
        now=now,
        expires_at=now + timedelta(days=wanted.days),
    )
    told = {"before": change.before, "after": change.after}
    events.record([acting.event("api_key.granted", "api_key", done.request_id, **told)])


KIND = Kind(
    name="api_key",
    title="A program's key",
    wanted=WantedKey,
    asks=(Action.PROPOSE_ACCESS, Action.INTEGRATE),
    decides=Action.DECIDE_ACCESS,
    look=_look,
    apply=_apply,
)
