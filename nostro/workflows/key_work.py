"""Keys of programs day by day: drawn and rotated by their owner, ended by who is in charge."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import msgspec

from nostro.domain import duties
from nostro.domain.errors import Invalid, Refused
from nostro.domain.party import Action, Member
from nostro.storage import events, key_owning, keys
from nostro.storage.key_owning import OwnedKey
from nostro.storage.keys import KeyRow
from nostro.storage.tenancy import tenant
from nostro.workflows.case_work import checked_reason
from nostro.workflows.changes.api_key import WantedKey
from nostro.workflows.changes.membership import held_by, person_of
from nostro.workflows.context import Acting

OVERLAP_HOURS_MAX = 14 * 24


def issue(acting: Acting, wanted: WantedKey) -> tuple[KeyRow, str]:
    """A program's key and its token, shown once: for a customer that is being set up, where nobody
    could agree to one yet; so it may have no owner. Raises Invalid for what no program may be
    given, Refused for an owner who does not work here."""
    now = acting.world.clock.now()
    networks = keys.checked_networks(wanted.networks)
    with tenant(acting.tenant_id):
        owner_id = person_of(acting, wanted.owner) if wanted.owner else None
        if owner_id is not None:
            held_by(owner_id)
        row, token = keys.issue(
            acting.world.ids.new(),
            name=wanted.name,
            scopes=wanted.scopes,
            now=now,
            expires_at=now + timedelta(days=wanted.days),
        )
        key_owning.answer_for(row.id, owner_id, networks)
        told = msgspec.to_builtins(wanted, order="sorted")
        events.record([acting.event("api_key.granted", "api_key", row.id, after=told)])
    return row, token


def draw(acting: Acting, member: Member, key_id: UUID) -> str:
    """The token of a key that was agreed to: shown once, to its owner. Raises Refused."""
    with tenant(acting.tenant_id):
        key = _owned(member, key_id)
        token = key_owning.draw(key.id)
        if not token:
            raise Refused(
                "key_drawn",
                f"The token of {key.name} was shown already, or the key has ended.",
                "Nothing is shown.",
                "Rotate the key: the new one has a token of its own.",
            )
        events.record([acting.event("api_key.drawn", "api_key", key.id, name=key.name)])
    return token


def rotate(acting: Acting, member: Member, key_id: UUID, overlap_hours: int) -> tuple[UUID, str]:
    """A new key with all that this one may, and its token; the old one is good a while longer.

    It ends when the old one would have: to go on after that is asked for anew. Raises Refused.
    """
    if not 0 <= overlap_hours <= OVERLAP_HOURS_MAX:
        raise Invalid(
            "overlap_out_of_range",
            f"The old key cannot be good for {overlap_hours} hours more.",
            can_do=f"It takes 0 to {OVERLAP_HOURS_MAX}.",
            field="overlap_hours",
        )
    now, new_id = acting.world.clock.now(), acting.world.ids.new()
    with tenant(acting.tenant_id):
        key = _owned(member, key_id)
        if key.revoked_at or key.replaced_by or key.expires_at <= now:
            raise Refused(
                "key_ended",
                f"{key.name} has ended or was rotated before.",
                can_do="Rotate the key that took its place, or ask for a new one.",
            )
        until = now + timedelta(hours=overlap_hours)
        key_owning.replace(key, new_id, now, until)
        token = key_owning.draw(new_id)
        told = {"before": str(key.id), "after": str(new_id), "old_until": until.isoformat()}
        events.record([acting.event("api_key.rotated", "api_key", key.id, **told)])
    return new_id, token


def revoke(acting: Acting, member: Member, key_id: UUID, reason: str) -> None:
    """End a key at once: its owner, or somebody who looks after access. Raises Refused."""
    told = checked_reason(reason)
    with tenant(acting.tenant_id):
        key = _known(key_id)
        mine = str(key.owner_id or key.person_id or "") == member.id
        if not (mine or duties.may(member, Action.PROPOSE_ACCESS)):
            raise Refused(
                "not_your_key",
                f"{member.name} does not answer for {key.name}.",
                "The key goes on.",
                "Ask its owner or an administrator.",
            )
        if not keys.revoke(key.id, acting.world.clock.now()):
            raise Refused("key_ended", f"{key.name} was revoked already.")
        events.record([acting.event("api_key.revoked", "api_key", key.id, reason=told)])


def _owned(member: Member, key_id: UUID) -> OwnedKey:
    key = _known(key_id)
    if str(key.owner_id or "") != member.id:
        raise Refused(
            "not_your_key",
            f"{member.name} does not answer for {key.name}.",
            "Nothing is shown.",
            f"Ask its owner{f', {key.owner_name}' if key.owner_name else ''}.",
        )
    return key


def _known(key_id: UUID) -> OwnedKey:
    key = key_owning.lock(key_id)
    if key is None:
        raise Refused(
            "key_unknown",
            "There is no such key for this customer.",
            can_do="Reload the list of keys.",
        )
    return key
