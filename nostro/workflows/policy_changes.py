"""Policies change as all that two people change: asked for, agreed to, and from a day on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from nostro.domain.dry_run import DryRun
from nostro.domain.errors import Invalid
from nostro.domain.party import Action
from nostro.domain.policy import Example, P, Policy, SaidVersion, Version
from nostro.storage import events, policies
from nostro.workflows.changes import Change, Done, Kept, Kind
from nostro.workflows.context import Acting
from nostro.workflows.wake import wake

AHEAD_MAX = timedelta(days=366)


class WantedPolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A policy as it is to be, as a whole: what is left out is not kept. `valid_from` is when it
    begins to count; None as soon as it is agreed to."""

    valid_from: datetime | None = None


W = TypeVar("W", bound=WantedPolicy)


def policy_kind(
    policy: type[P],
    *,
    name: str,
    title: str,
    wanted: type[W],
    read: Callable[[W], P],
    tell: Callable[[P], dict[str, Any]],
    write: Callable[[P], W],
    counts_people: bool = False,
    dry_run: Callable[[Acting, P, datetime], DryRun] | None = None,
    examples: Callable[[P], Sequence[Example]] | None = None,
) -> Kind:
    """The kind of change that makes new versions of a policy. `read` makes the policy of a wish
    (raises Invalid), `write` the wish of a policy, `tell` what people read of it. `dry_run` tries
    the policy on past payments; `examples` stand beside it, with what it makes of each."""

    def look(acting: Acting, wish: W, _: UUID) -> Change:
        now = acting.world.clock.now()
        before, after = tell(policies.in_force(policy, now)), tell(read(wish))
        if wish.valid_from is not None:
            after["from"] = _checked(wish.valid_from, now).isoformat(timespec="minutes")
        return Change(subject_id=acting.tenant_id, subject=title, before=before, after=after)

    def apply(acting: Acting, wish: W, change: Change, done: Done) -> None:
        _keep(acting, read(wish), wish.valid_from, change, done)

    return Kind(
        name=name,
        title=title,
        wanted=wanted,
        asks=(Action.PROPOSE_ACCESS,),
        decides=Action.DECIDE_ACCESS,
        look=look,
        apply=apply,
        counts_people=counts_people,
        dry_run=dry_run and (lambda acting, wish, since: dry_run(acting, read(wish), since)),
        kept=_kept(policy, tell, examples),
        as_it_is=lambda acting: write(policies.in_force(policy, acting.world.clock.now())),
    )


def _kept(
    policy: type[P],
    tell: Callable[[P], dict[str, Any]],
    examples: Callable[[P], Sequence[Example]] | None,
) -> Kept:
    """How the versions of a policy are read among all policies."""

    def counts(acting: Acting, _: str) -> SaidVersion:
        return _said(policies.version_in_force(policy, acting.world.clock.now()), tell)

    def versions(_: str, before: int | None, limit: int) -> list[SaidVersion]:
        return [_said(one, tell) for one in policies.versions_before(policy, before, limit)]

    def tried(acting: Acting) -> Sequence[Example]:
        now = acting.world.clock.now()
        return examples(policies.in_force(policy, now)) if examples else ()

    return Kept(counts=counts, versions=versions, examples=tried if examples else None)


def _said(version: Version[P], tell: Callable[[P], dict[str, Any]]) -> SaidVersion:
    """A version in the words that people read."""
    return SaidVersion(
        number=version.number,
        says=tell(version.content),
        valid_from=version.valid_from,
        changed_by=version.changed_by,
        reason=version.reason,
    )


def _keep(
    acting: Acting, content: Policy, valid_from: datetime | None, change: Change, done: Done
) -> None:
    now, policy_id = acting.world.clock.now(), acting.world.ids.new()
    starts = max(valid_from or now, now)
    number = policies.add(
        policy_id,
        content,
        valid_from=starts,
        changed_by=f"{done.asked_by_name} and {acting.actor.name}",
        reason=done.reason,
        request_id=done.request_id,
    )
    told = {
        "before": change.before,
        "after": change.after,
        "policy": content.KIND,
        "version": number,
        "valid_from": starts.isoformat(),
    }
    events.record([acting.event("customer.policy_changed", "customer", acting.tenant_id, **told)])
    if starts == now:
        wake("apply_policy", tenant_id=acting.tenant_id, policy_id=policy_id)


def _checked(valid_from: datetime, now: datetime) -> datetime:
    if valid_from.tzinfo is None or not now - timedelta(days=1) <= valid_from <= now + AHEAD_MAX:
        raise Invalid(
            "policy_date_unfit",
            f"Rules cannot begin to count at {valid_from.isoformat(timespec='minutes')}.",
            "Nothing was asked for.",
            "Name a moment within the next year, with its offset from UTC, or none: at once.",
            field="valid_from",
        )
    return valid_from
