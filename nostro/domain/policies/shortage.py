"""Whether enough people are left to decide: told before a change locks everybody out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec

from nostro.domain import duties
from nostro.domain.party import Action, Grant, Member
from nostro.domain.policies import approval_steps
from nostro.domain.policies.approval import ApprovalRules
from nostro.domain.policies.approval_steps import Rule

DECIDERS_NEEDED = 2  # One asks, another agrees.


class Shortage(msgspec.Struct, frozen=True, kw_only=True):
    """Something for which fewer people are left than it takes."""

    about: str
    have: int
    need: int
    sentence: str
    can_do: str


def shortages(
    members: Sequence[Member],
    entities: Mapping[str, str],
    rules: Sequence[ApprovalRules],
    lawmakers: Collection[str] = (),
) -> dict[str, Shortage]:
    """What is short among these people, by what it is about; `entities` are codes by id, `rules`
    those of now and of the days to come.

    Only who holds a right for good counts, and nobody twice: a delegate is no other person. Who
    made the rules (`lawmakers`) approves nothing under them.
    """
    found = [_deciders(members)]
    members = [one for one in members if one.id not in lawmakers]
    most = max(one.most_without_rules for one in rules)
    found += [_approvers(members, key, code, most) for key, code in entities.items()]
    ruled = [rule for one in rules for rule in one.rules]
    found += [_ruled(members, at, rule) for at, rule in enumerate(ruled)]
    return {one.about: one for one in found if one.have < one.need}


def worse(before: Mapping[str, Shortage], after: Mapping[str, Shortage]) -> list[Shortage]:
    """What is short after a change and was not, or not as much, before it."""
    return [one for about, one in after.items() if _missing(one) > _missing(before.get(about))]


def _missing(one: Shortage | None) -> int:
    return one.need - one.have if one else 0


def _deciders(members: Iterable[Member]) -> Shortage:
    have = len(_holding(members, Action.DECIDE_ACCESS))
    return Shortage(
        about="access",
        have=have,
        need=DECIDERS_NEEDED,
        sentence=f"{_people(have)} could decide on people, roles, keys and rules;"
        f" it takes {DECIDERS_NEEDED}: one asks, another agrees.",
        can_do="First let another person be an administrator for good.",
    )


def _approvers(
    members: Iterable[Member], entity_id: str, code: str, approvals_needed: int
) -> Shortage:
    holding = _holding(members, Action.APPROVE_PAYMENTS)
    have = len({one.id for one, grant in holding if grant.entity_id in ("", entity_id)})
    return Shortage(
        about=f"approvals/{entity_id}",
        have=have,
        need=approvals_needed,
        sentence=f"{_people(have)} could approve payments of {code}; it takes {approvals_needed}.",
        can_do=f"First let another person approve payments of {code} for good.",
    )


def _ruled(members: Sequence[Member], at: int, rule: Rule) -> Shortage:
    """Whether different people could fill every place that a rule names, wherever it applies."""
    places = [step for stage in rule.stages for step in stage]
    lasting = [
        msgspec.structs.replace(one, grants=tuple(grant for grant in one.held if grant.lasting))
        for one in members
        if one.is_person
    ]
    have = approval_steps.filled(
        places, [tuple(approval_steps.fits(one, places)) for one in lasting]
    )
    need = sum(step.needed for step in places)
    return Shortage(
        about=f"rule/{at}/{rule.name}",
        have=have,
        need=need,
        sentence=f"{_people(have)} could approve as the rule {rule.name!r} says; it takes {need}.",
        can_do="First let others have the roles that it names, or name other people in it.",
    )


def _holding(members: Iterable[Member], action: Action) -> list[tuple[Member, Grant]]:
    return [
        (member, grant)
        for member in members
        for grant in member.held
        if member.is_person and grant.lasting and action in duties.allowed_by(grant)
    ]


def _people(count: int) -> str:
    return {0: "Nobody", 1: "Only one person"}.get(count, f"Only {count} people")
