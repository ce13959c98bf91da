"""Roles, how far a grant reaches, which duties clash, and when too few people are left."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from nostro.domain import duties
from nostro.domain.duties import ACTION_WORDS, ACTIONS_OF, CLASHES, Touched
from nostro.domain.errors import Refused
from nostro.domain.money import Money
from nostro.domain.party import Action, Grant, Member, Role
from nostro.domain.policies.approval import (
    Above,
    ApprovalRules,
    Authorship,
    apart,
    may_approve,
)
from nostro.domain.policies.approval_steps import Rule, Step, Where
from nostro.domain.policies.shortage import shortages, worse

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
EUR = Money(100_00, "EUR")
NOBODY = Authorship(makers=frozenset(), payee_account_changed_by=frozenset())


def member(name: str, *grants: Grant | Role) -> Member:
    held = tuple(one if isinstance(one, Grant) else Grant(role=one) for one in grants)
    return Member(id=name, name=name, roles=frozenset(one.role for one in held), grants=held)


def test_every_role_and_action_has_its_row() -> None:
    assert set(ACTIONS_OF) == set(Role)
    assert set(ACTION_WORDS) == set(Action)
    assert set().union(*ACTIONS_OF.values()) == set(Action)
    assert all(Action.READ in actions for actions in ACTIONS_OF.values())
    assert all(clash.one != clash.other for clash in CLASHES)


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.PARTNER_ADMINISTRATOR, Role.AUDITOR])
def test_who_looks_after_access_never_touches_a_payment(role: Role) -> None:
    touches = {action for action in Action if action.endswith("_payments")}
    assert not ACTIONS_OF[role] & (touches | {Action.DECIDE_PAYEES, Action.WORK_ON_CASES})


@pytest.mark.parametrize(
    ("narrowed", "about", "reaches"),
    [
        ({}, Touched(), True),
        ({"entity_id": "DE"}, Touched(entity_id="DE"), True),
        ({"entity_id": "DE"}, Touched(entity_id="NL"), False),
        ({"entity_id": "DE"}, Touched(), False),
        ({"account_id": "A"}, Touched(entity_id="DE", account_id="A"), True),
        ({"account_id": "A"}, Touched(entity_id="DE", account_id="B"), False),
        ({"up_to": EUR}, Touched(amount=EUR), True),
        ({"up_to": EUR}, Touched(amount=Money(100_01, "EUR")), False),
        ({"up_to": EUR}, Touched(amount=Money(1, "USD")), False),
        ({"up_to": EUR}, Touched(), False),
        ({"actions": frozenset({Action.HOLD_PAYMENTS})}, Touched(), False),
        ({"actions": frozenset({Action.APPROVE_PAYMENTS})}, Touched(), True),
    ],
)
def test_how_far_a_grant_reaches(narrowed: dict[str, Any], about: Touched, reaches: bool) -> None:
    ann = member("ann", Grant(role=Role.APPROVER, **narrowed))
    assert duties.may(ann, Action.APPROVE_PAYMENTS, about) == reaches


def test_actions_of_a_grant_never_widen_its_role() -> None:
    every = Grant(role=Role.AUDITOR, actions=frozenset(Action))
    assert duties.allowed_by(every) == ACTIONS_OF[Role.AUDITOR]


def test_what_is_held_for_a_time_ends_and_counts_only_when_asked_when() -> None:
    lent = Grant(role=Role.APPROVER, until=NOW)
    assert duties.in_force([lent], NOW - timedelta(seconds=1)) == (lent,)
    assert duties.in_force([lent], NOW) == ()
    assert duties.in_force([lent], None) == ()


def test_a_delegate_is_no_other_person() -> None:
    ann = member("ann", Role.APPROVER)
    del_ = member("del", Grant(role=Role.APPROVER, on_behalf_of="ann"))
    bob = member("bob", Role.APPROVER)
    with pytest.raises(Refused) as told:
        may_approve(del_, NOBODY, {"ann"})
    assert told.value.code == "stands_in_for_author"
    with pytest.raises(Refused):
        may_approve(
            del_, Authorship(makers=frozenset({"ann"}), payee_account_changed_by=frozenset()), ()
        )
    may_approve(del_, NOBODY, {"bob"})
    assert apart({"ann": ann, "del": del_}) == {"ann"}
    assert apart({"bob": bob, "del": del_}) == {"bob", "del"}


def test_a_place_is_filled_once_and_never_an_authors() -> None:
    lent = Grant(role=Role.APPROVER, on_behalf_of="ann")
    one, two = member("one", lent), member("two", lent)
    both = member("both", Grant(role=Role.APPROVER), lent)
    assert apart({"one": one, "two": two}) == {"one"}
    assert apart({"one": one, "both": both}) == {"one", "both"}
    assert apart({"one": one, "both": both}, without_a_say={"ann"}) == {"both"}
    assert apart({"both": both}, without_a_say={"both"}) == set()


def test_conflicts_are_told_where_both_duties_meet() -> None:
    both = member("both", Role.MAKER, Role.APPROVER)
    apart_ = member(
        "apart",
        Grant(role=Role.MAKER, entity_id="DE"),
        Grant(role=Role.APPROVER, entity_id="NL"),
    )
    found = {(one.clash.one, one.clash.other) for one in duties.conflicts([both])}
    assert (Action.MAKE_PAYMENTS, Action.APPROVE_PAYMENTS) in found
    assert duties.conflicts([apart_]) == []
    (made, *_) = duties.conflicts([member("t", Role.TREASURER)])
    assert made.roles == (Role.TREASURER,)
    assert not duties.conflicts([member(role, role) for role in Role if role != Role.TREASURER])


def test_the_roles_of_a_member_are_those_of_its_grants() -> None:
    with pytest.raises(ValueError, match="grants"):
        Member(
            id="x", name="x", roles=frozenset({Role.TREASURER}), grants=(Grant(role=Role.MAKER),)
        )


def test_too_few_people_are_told_by_subject() -> None:
    places = {"de": "DE", "nl": "NL"}
    people = [
        member("a", Role.ADMINISTRATOR),
        member("b", Role.ADMINISTRATOR),
        member("c", Role.APPROVER),
        member("d", Grant(role=Role.APPROVER, entity_id="de")),
    ]
    before = shortages(people, places, [ApprovalRules()])
    assert set(before) == {"approvals/nl"}
    after = shortages(people[1:], places, [ApprovalRules(), ApprovalRules(needed=3)])
    assert {one.about for one in worse(before, after)} == {
        "access",
        "approvals/de",
        "approvals/nl",
    }
    assert worse(after, before) == []
    lent = Grant(role=Role.ADMINISTRATOR, on_behalf_of="b", until=NOW)
    assert "access" in shortages([*people[1:], member("e", lent)], places, [ApprovalRules()])


def test_a_rule_that_nobody_can_meet_is_told() -> None:
    rule = Rule(
        name="Large",
        where=Where(above=EUR),
        stages=((Step(needed=1, roles=(Role.TREASURER,)),), (Step(needed=2),)),
    )
    places, rules = {"de": "DE"}, [ApprovalRules(), ApprovalRules(rules=(rule,))]
    people = [member("a", Role.ADMINISTRATOR), member("b", Role.ADMINISTRATOR)]
    people += [member(name, Role.APPROVER) for name in ("c", "d")]
    (short,) = shortages(people, places, rules).values()
    assert (short.have, short.need) == (2, 3)
    assert "'Large'" in short.sentence
    assert shortages([*people, member("e", Role.TREASURER)], places, rules) == {}


def test_more_people_above_an_amount_of_its_own_currency() -> None:
    rules = ApprovalRules(above=(Above(amount=EUR, needed=3),))
    assert rules.needed_for(EUR) == 2
    assert rules.needed_for(Money(100_01, "EUR")) == 3
    assert rules.needed_for(Money(10**9, "USD")) == 2
    assert rules.most_without_rules == 3
