"""Four eyes on access, rules and bank details: one person asks, another agrees, then it is done.

1. Asking works the change out, from what to what, and refuses what cannot be, what nobody could
   decide on, and what would leave too few people: before anything is locked out, not after.
2. Nobody agrees to what he asked for, to what is about himself, or in the place of who did; and
   the people of the partner that hosts the customer do not decide whom of theirs it lets in.
3. With the last agreement it is made in the same transaction, if the thing still is as it was
   when it was asked for. Each step is an event with before and after.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

import msgspec
from django.db import transaction

from nostro.domain import duties
from nostro.domain.canonical import canonical
from nostro.domain.case import CaseKind
from nostro.domain.change_request import (
    CHANGE_REQUEST,
    OPEN_FOR,
    RequestMove,
    RequestState,
    Standing,
)
from nostro.domain.errors import Refused
from nostro.domain.event import Actor, Event
from nostro.domain.party import Action, Member
from nostro.domain.policies import change_rights as policy
from nostro.domain.policies import shortage
from nostro.domain.policies.approval import ApprovalRules
from nostro.domain.policies.shortage import Shortage
from nostro.storage import authorship, change_requests, events, parties, partners, people, policies
from nostro.storage.change_requests import Agreement, RequestRow
from nostro.storage.tenancy import tenant
from nostro.workflows import change_secrets, changes
from nostro.workflows.case_work import checked_reason, new_case, open_cases
from nostro.workflows.changes import Change, Done, Kind
from nostro.workflows.context import Acting


def ask(
    acting: Acting,
    member: Member | None,
    kind_name: str,
    wanted: Any,
    reason: str,
    secrets: Mapping[str, str] = MappingProxyType({}),
) -> UUID:
    """Ask for a change; returns the request's id. `member` is None at the terminal. `secrets` go
    with it and are shown to nobody; with any, it is called outside a unit of work.

    Raises Invalid for a wish that cannot be read, Refused when the member may not ask for it, it
    changes nothing, the same thing waits already, nobody could agree, or too few would be left.
    """
    kind, told = changes.named(kind_name), checked_reason(reason)
    wish = changes.read(kind, prepared(acting, member, kind_name, wanted))
    given = change_secrets.checked(kind, wish, secrets)
    with tenant(acting.tenant_id):
        _expire(acting)
        request_id = acting.world.ids.new()
        change_secrets.keep(acting, request_id, given)
        change = kind.look(acting, wish, request_id)
        row = _row(acting, member, kind, wish, change, told, request_id)
        _check_new(row)
        _check_deciders(acting, kind, row)
        if kind.counts_people:
            _check_left(acting, kind, wish, change, _done(row))
        change_requests.insert(row)
        events.record([_event(acting, row, "change_request.asked", reason=told)])
    return request_id


def prepared(acting: Acting, member: Member | None, kind_name: str, wanted: Any) -> Any:
    """A wish with what others outside have to be asked for first, such as a server for its key.

    `ask` does so itself; who asks inside a unit of work of his own does it before, for a unit of
    work waits for nobody outside. Done twice it is done once. Raises as `ask` does.
    """
    kind = changes.named(kind_name)
    wish = changes.read(kind, wanted)
    if member is not None:
        policy.may_ask(member, *kind.asks)
    return msgspec.to_builtins(kind.prepare(acting, wish))


def agree(acting: Acting, member: Member, request_id: UUID, reason: str) -> bool:
    """Agree to a change; returns True when it was the last agreement and the change is made.

    Raises Refused when the member may not, or what it is about has changed since.
    """
    told = checked_reason(reason)
    with tenant(acting.tenant_id):
        row = _locked(request_id)
        kind = changes.named(row.kind)
        now = acting.world.clock.now()
        CHANGE_REQUEST.after(row.state, RequestMove.APPLY)
        _check_open(row, now)
        policy.may_agree(member, kind.decides, standing(row))
        agreed = Agreement(
            person_id=UUID(member.id),
            person_name=member.name,
            acted_for=tuple(sorted(duties.acts_for(member, kind.decides))),
            reason=told,
            agreed_at=now,
        )
        change_requests.add_agreement(acting.world.ids.new(), row.id, agreed)
        events.record([_event(acting, row, "change_request.agreed", reason=told)])
        if not _complete(acting, kind, row, agreed):
            return False
        _make(acting, kind, row)
        _tell_of_partner(acting, kind, row, agreed)
        change_requests.end(row.id, RequestState.APPLIED, member.name, told, now)
        change_secrets.forget(row.id)
        return True


def refuse(acting: Acting, member: Member, request_id: UUID, reason: str) -> None:
    """Say no to a change that somebody else asked for; raises Refused when the member may not."""
    told = checked_reason(reason)
    with tenant(acting.tenant_id):
        row = _locked(request_id)
        policy.may_agree(member, changes.named(row.kind).decides, standing(row))
        _end(acting, row, RequestMove.REFUSE, member.name, told)


def withdraw(acting: Acting, member: Member, request_id: UUID, reason: str) -> None:
    """Take back what one has asked for oneself; raises Refused for anybody else."""
    told = checked_reason(reason)
    with tenant(acting.tenant_id):
        row = _locked(request_id)
        if row.asked_by != member.id:
            raise Refused(
                "not_your_request",
                f"{member.name} did not ask for this change.",
                can_do="Refuse it, if you may decide on it.",
            )
        _end(acting, row, RequestMove.WITHDRAW, member.name, told)


def in_force(acting: Acting, action: Action = Action.DECIDE_ACCESS) -> bool:
    """Whether enough people could ever decide: until then an installation is set up at the
    terminal. Who has left counts as well, so that nobody is sent away to act alone again."""
    with tenant(acting.tenant_id):
        found = [one for one in people.ever_here() if duties.may(one, action)]
    return len(found) >= shortage.DECIDERS_NEEDED


def short_of(acting: Acting) -> dict[str, Shortage]:
    """What too few people can decide on as it is; inside a unit of work."""
    entities = {row.id: row.code for row in parties.entities()}
    now = acting.world.clock.now()
    rules, behind = policies.from_now_on(ApprovalRules, now), authorship.lawmakers(now)
    return shortage.shortages(people.everybody(), entities, rules, behind)


def deciders(acting: Acting, row: RequestRow) -> list[Member]:
    """Who could agree to it now; inside a unit of work."""
    found = people.everybody(acting.world.clock.now())
    return policy.could_decide(found, changes.named(row.kind).decides, standing(row))


def standing(row: RequestRow) -> Standing:
    """Who is behind a change so far, and who is kept out of it; inside a unit of work."""
    ours, about = row.standing(), str(row.subject_id)
    if changes.named(row.kind).decides is not Action.DECIDE_ACCESS:
        return ours
    staff = partners.staff()
    return msgspec.structs.replace(ours, kept_out=staff) if about in staff else ours


def _check_new(row: RequestRow) -> None:
    if row.before == row.after:
        raise Refused("nothing_changes", f"{row.subject} is so already.", "Nothing was asked for.",
                      "There is nothing to do.")  # fmt: skip
    if other := change_requests.same_open(row.kind, row.subject_id):
        raise Refused(
            "already_asked",
            f"{other.asked_by_name} has asked for a change of {row.subject}; it waits.",
            "Nothing was asked for.",
            "Let that one be decided on, or withdrawn, first.",
        )


def _check_deciders(acting: Acting, kind: Kind, row: RequestRow) -> None:
    able = deciders(acting, row)
    if len(able) >= row.needed:
        return
    others = "Nobody" if not able else f"Only {', '.join(one.name for one in able)}"
    another = "somebody of the customer's own" if standing(row).kept_out else "another person"
    raise Refused(
        "too_few_deciders",
        f"{others} could agree to it; it takes {row.needed} besides who asks and whom it is about.",
        "Nothing was asked for.",
        f"First let {another} {duties.ACTION_WORDS[kind.decides].lower()}.",
    )


def _check_left(acting: Acting, kind: Kind, wish: Any, change: Change, done: Done) -> None:
    """Make the change, look who is left, and undo it."""
    before = short_of(acting)
    try:
        with transaction.atomic():
            kind.apply(acting, wish, change, done)
            raise _Undone(short_of(acting))
    except _Undone as tried:
        _refuse_worse(before, tried.after)


class _Undone(Exception):
    """Carries what a trial found out of the savepoint that it undoes."""

    def __init__(self, after: dict[str, Shortage]) -> None:
        super().__init__()
        self.after = after


def _refuse_worse(before: dict[str, Shortage], after: dict[str, Shortage]) -> None:
    if left := shortage.worse(before, after):
        raise Refused(
            "too_few_left",
            "After this: " + " ".join(one.sentence for one in left),
            "Nothing was changed.",
            " ".join(dict.fromkeys(one.can_do for one in left)),
        )


def _complete(acting: Acting, kind: Kind, row: RequestRow, agreed: Agreement) -> bool:
    """Whether enough people agreed who still may: an agreement counts as long as its giver does."""
    given = (*row.agreements, agreed)
    ids = {one.person_id for one in given}
    kept_out = standing(row).kept_out
    able = {
        one.id
        for one in people.members(ids, acting.world.clock.now())
        if duties.may(one, kind.decides) and one.id not in kept_out
    }
    return len([one for one in given if str(one.person_id) in able]) >= row.needed


def _make(acting: Acting, kind: Kind, row: RequestRow) -> None:
    wish = changes.read(kind, row.wanted)
    change = kind.look(_as_asked(acting, row), wish, row.id)
    if canonical(change.before) != canonical(row.before):
        raise Refused(
            "subject_changed",
            f"{row.subject} is not what it was when the change was asked for.",
            "Nothing was changed.",
            "Refuse this request and have it asked for anew.",
        )
    before = short_of(acting) if kind.counts_people else {}
    kind.apply(acting, wish, change, _done(row))
    if kind.counts_people:
        _refuse_worse(before, short_of(acting))
    told = {"before": change.before, "after": change.after, "state_after": "applied"}
    events.record([_event(acting, row, "change_request.applied", **told)])


def _tell_of_partner(acting: Acting, kind: Kind, row: RequestRow, agreed: Agreement) -> None:
    """Ring where the partner's people alone decided on access: somebody of the customer looks."""
    given = {str(one.person_id) for one in (*row.agreements, agreed)}
    took_part = given | ({row.asked_by} if row.asked_by_kind == "person" else set())
    if kind.decides is not Action.DECIDE_ACCESS or not took_part <= partners.staff():
        return
    partner, by = (
        partners.partner_of(agreed.person_id),
        f"{row.asked_by_name} and {acting.actor.name}",
    )
    case = new_case(
        acting,
        CaseKind.ACCESS,
        f"partner/{row.id}",
        f"{by}, all of {partner}, decided alone: {kind.title.lower()}, {row.subject}.",
        "Look at what was changed. If it is not meant, have it changed back, and say so here.",
    )
    open_cases(acting, [case])
    told = {"partner": partner, "case": str(case.id)}
    events.record([_event(acting, row, "change_request.decided_by_partner", **told)])


def _end(acting: Acting, row: RequestRow, step: RequestMove, by: str, reason: str) -> None:
    after = CHANGE_REQUEST.after(row.state, step)
    change_requests.end(row.id, after, by, reason, acting.world.clock.now())
    change_secrets.forget(row.id)
    ended = _event(
        acting, row, f"change_request.{after.value}", reason=reason, state_after=after.value
    )
    events.record([ended])


def _expire(acting: Acting) -> None:
    for row in change_requests.overdue(acting.world.clock.now()):
        _end(acting, row, RequestMove.EXPIRE, "", "Nobody decided in time.")


def _check_open(row: RequestRow, now: datetime) -> None:
    if now >= row.expires_at:
        raise Refused(
            "request_expired",
            f"It was asked for until {row.expires_at:%Y-%m-%d}.",
            can_do="Have it asked for anew.",
        )


def _locked(request_id: UUID) -> RequestRow:
    row = change_requests.lock(request_id)
    if row is None:
        raise Refused(
            "request_unknown",
            "There is no such change request for this customer.",
            can_do="Reload the list of change requests.",
        )
    return row


def _row(
    acting: Acting,
    member: Member | None,
    kind: Kind,
    wish: msgspec.Struct,
    change: Change,
    reason: str,
    request_id: UUID,
) -> RequestRow:
    now = acting.world.clock.now()
    return RequestRow(
        id=request_id,
        kind=kind.name,
        subject_id=change.subject_id,
        subject=change.subject,
        wanted=msgspec.to_builtins(wish, order="sorted"),
        before=change.before,
        after=change.after,
        reason=reason,
        state=RequestState.ASKED,
        needed=policy.needed(asked_by_a_person=member is not None),
        asked_by=acting.actor.id,
        asked_by_kind=acting.actor.kind,
        asked_by_name=acting.actor.name,
        asked_for=(*(_places(member, kind) if member else ()), *change.beneficiaries),
        asked_at=now,
        expires_at=now + OPEN_FOR,
    )


def _places(member: Member, kind: Kind) -> tuple[str, ...]:
    """In whose place he asks: his own where he may himself."""
    found = {who for action in kind.asks for who in duties.acts_for(member, action)}
    return tuple(sorted({member.id} if member.id in found else found))


def _as_asked(acting: Acting, row: RequestRow) -> Acting:
    """Whoever agrees looks at it with the eyes of who asked: the terminal sees more than people."""
    asker = Actor(kind=row.asked_by_kind, id=row.asked_by, name=row.asked_by_name)
    return msgspec.structs.replace(acting, actor=asker)


def _done(row: RequestRow) -> Done:
    return Done(
        request_id=row.id, asked_by=row.asked_by, asked_by_name=row.asked_by_name, reason=row.reason
    )


def _event(acting: Acting, row: RequestRow, name: str, **told: Any) -> Event:
    facts = {"change": row.kind, "of": str(row.subject_id), "of_name": row.subject}
    sides = {"before": row.before, "after": row.after}
    return acting.event(name, "change_request", row.id, **{**facts, **sides, **told})
