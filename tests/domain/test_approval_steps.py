"""Rules of approving: who fills which place, in which order, and the words they are written in."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostro.domain.errors import Invalid, Refused
from nostro.domain.money import Money
from nostro.domain.party import Grant, Member, Role
from nostro.domain.payment import Rail
from nostro.domain.policies.approval import Above, ApprovalRules
from nostro.domain.policies.approval_steps import (
    ANY_RULE,
    Given,
    Matter,
    Rule,
    Stages,
    Step,
    Waits,
    Where,
    check,
    fits,
    helps,
    places,
    progress,
    untouched,
)
from nostro.domain.policies.approval_words import (
    Names,
    read_when,
    read_who,
    write_when,
    write_who,
)

ROLES = (Role.APPROVER, Role.TREASURER, Role.RELEASER)
PEOPLE = ("ann", "bob", "cy", "dee")
NAMES = Names(
    entities={"DE01": "e-de", "FR01": "e-fr"},
    accounts={"NL91ABNA0417164300": "a-nl"},
    people={f"{one}@acme.example": one for one in PEOPLE},
)
EUR = Money(100_00, "EUR")


def person(name: str, *roles: Role) -> Member:
    grants = tuple(Grant(role=role) for role in roles)
    return Member(id=name, name=name.title(), roles=frozenset(roles), is_person=True, grants=grants)


def matter(amount: Money = EUR, entity: str = "e-de", source: str = "erp") -> Matter:
    return Matter(
        amount=amount,
        entity_id=entity,
        account_id="a-nl",
        payee_number="V-1",
        rail=Rail.SEPA_CREDIT_TRANSFER,
        source=source,
    )


STEPS = st.builds(
    Step,
    needed=st.integers(1, 2),
    roles=st.sampled_from([(), (Role.APPROVER,), (Role.TREASURER,), ROLES[:2]]),
    people=st.sampled_from([(), ("ann",), ("ann", "bob"), ("cy", "dee")]),
)
STAGES = st.lists(st.lists(STEPS, min_size=1, max_size=2).map(tuple), min_size=1, max_size=2).map(
    tuple
)
MEMBERS = st.fixed_dictionaries(
    {name: st.sets(st.sampled_from(ROLES[:2]), min_size=1) for name in PEOPLE}
).map(lambda told: {name: person(name, *roles) for name, roles in told.items()})


def most_by_trying(steps: tuple[Step, ...], people: list[Member]) -> int:
    """How many places can be filled, by trying every seating: slow, and plainly right."""
    seats = [at for at, step in enumerate(steps) for _ in range(step.needed)]
    fitting = {one.id: set(fits(one, steps)) for one in people}
    best = 0
    for order in permutations([*people, *[None] * len(seats)], len(seats)):
        taken = sum(
            who is not None and at in fitting[who.id] for at, who in zip(seats, order, strict=True)
        )
        best = max(best, taken)
    return best


@given(STEPS, st.lists(STEPS, max_size=1), MEMBERS, st.sets(st.sampled_from(PEOPLE), max_size=3))
def test_a_stage_is_filled_as_well_as_it_can_be(
    first: Step, more: list[Step], members: dict[str, Member], agreed: set[str]
) -> None:
    steps = (first, *more)
    given_by = [Given(person_id=one, stage=0) for one in sorted(agreed)]
    now = progress((steps,), given_by, members)
    best = most_by_trying(steps, [members[one] for one in agreed])
    assert now.missing == places((steps,)) - best
    assert now.complete == (now.missing == 0)
    for name in set(PEOPLE) - agreed:
        after = progress((steps,), [*given_by, Given(person_id=name, stage=0)], members)
        assert helps(members[name], (steps,), now) == (after.missing < now.missing)


@given(STAGES, MEMBERS, st.permutations(PEOPLE))
def test_only_whose_turn_it_is_brings_it_further(
    stages: Stages, members: dict[str, Member], order: list[str]
) -> None:
    agreed: list[Given] = []
    now = untouched(stages)
    for name in order:
        if now.complete:
            break  # Whoever sends on what rights have completed again: tests of the workflow.
        if not helps(members[name], stages, now):
            with pytest.raises(Refused) as refused:
                check(members[name], stages, now)
            assert refused.value.code == "not_your_turn"
            continue
        check(members[name], stages, now)
        agreed.append(Given(person_id=name, stage=now.stage))
        after = progress(stages, agreed, members)
        assert after.missing == now.missing - 1
        assert after.stage >= now.stage
        now = after
    assert now.complete == (len(agreed) == places(stages))
    # Without one of those who agreed it is not complete any more.
    for one in agreed:
        rest = {name: member for name, member in members.items() if name != one.person_id}
        assert not progress(stages, agreed, rest).complete


def test_stages_follow_one_another() -> None:
    stages = ((Step(needed=1, roles=(Role.APPROVER,)),), (Step(needed=1, roles=(Role.TREASURER,)),))
    ann, tess = person("ann", Role.APPROVER), person("tess", Role.TREASURER)
    start = untouched(stages)
    with pytest.raises(Refused, match="before Tess"):
        check(tess, stages, start)
    check(ann, stages, start)
    second = progress(stages, [Given(person_id="ann", stage=0)], {"ann": ann, "tess": tess})
    assert (second.stage, second.open, second.missing) == (1, (0,), 1)
    check(tess, stages, second)
    with pytest.raises(Refused, match="others than Ann"):
        check(ann, stages, second)


def test_one_person_fills_one_place_and_moves_for_another() -> None:
    """Dora fits both steps; when somebody comes who fits only hers, she takes the other."""
    steps = (Step(roles=(Role.APPROVER,)), Step(roles=(Role.TREASURER,)))
    dora = person("dora", Role.APPROVER, Role.TREASURER)
    ann = person("ann", Role.APPROVER)
    one = progress((steps,), [Given(person_id="dora", stage=0)], {"dora": dora})
    assert (one.open, one.missing) == ((0, 1), 1)
    agreed = [Given(person_id="dora", stage=0), Given(person_id="ann", stage=0)]
    assert progress((steps,), agreed, {"dora": dora, "ann": ann}).complete


def test_the_first_rule_that_a_payment_falls_under_counts() -> None:
    large = Rule(name="Large", where=Where(above=EUR), stages=((Step(needed=3),),))
    german = Rule(name="German", where=Where(entity_ids=("e-de",)), stages=((Step(needed=2),),))
    rules = ApprovalRules(rules=(large, german), above=(Above(amount=EUR, needed=4),))
    assert rules.chosen(matter(EUR)) == 1
    assert rules.chosen(matter(Money(100_01, "EUR"))) == 0
    assert rules.chosen(matter(Money(10**9, "USD"))) == 1  # An amount is never converted.
    assert rules.chosen(matter(entity="e-fr")) == ANY_RULE
    assert places(rules.stages(ANY_RULE, Money(100_01, "EUR"))) == 4
    assert places(rules.stages(0, EUR)) == 3


@given(STAGES, st.integers(ANY_RULE, 40), st.data())
def test_what_a_payment_waits_for_is_read_as_written(
    stages: Stages, rule: int, data: st.DataObject
) -> None:
    for stage in range(len(stages)):
        count = data.draw(st.integers(0, len(stages[stage])))
        waits = Waits(rule=rule, progress=untouched(stages[: stage + 1]))
        assert Waits.read(str(waits)) == waits
        assert str(waits).endswith(f":{waits.progress.missing}"), count
    assert Waits.read("") is None


ROLE_STEPS = st.builds(
    Step,
    needed=st.integers(1, 2),
    roles=st.lists(st.sampled_from(ROLES), max_size=2, unique=True).map(tuple),
)
NAMED_STEPS = st.builds(
    Step, needed=st.integers(1, 2), people=st.sampled_from([("ann", "bob"), ("cy", "dee", "ann")])
)
WRITTEN = st.lists(
    st.lists(ROLE_STEPS | NAMED_STEPS, min_size=1, max_size=2).map(tuple), min_size=1, max_size=2
).map(tuple)
WHERE = st.builds(
    Where,
    above=st.sampled_from([None, EUR, Money(5, "JPY")]),
    currencies=st.sampled_from([(), ("EUR",), ("EUR", "USD")]),
    entity_ids=st.sampled_from([(), ("e-de",), ("e-de", "e-fr")]),
    account_ids=st.sampled_from([(), ("a-nl",)]),
    payee_numbers=st.sampled_from([(), ("V-1", "V-2")]),
    rails=st.sampled_from([(), tuple(Rail)]),
    sources=st.sampled_from([(), ("erp", "payroll")]),
)


@given(WHERE, WRITTEN)
def test_words_are_read_as_they_were_written(where: Where, stages: Stages) -> None:
    assert read_when(write_when(where, NAMES), NAMES) == where
    if 2 <= places(stages) <= 8:
        assert read_who(write_who(stages, NAMES), NAMES) == stages


def test_a_rule_as_a_person_writes_it() -> None:
    assert read_who(
        "2 approver then 1 treasurer and 1 of ann@acme.example, bob@acme.example", NAMES
    ) == (
        (Step(needed=2, roles=(Role.APPROVER,)),),
        (Step(roles=(Role.TREASURER,)), Step(people=("ann", "bob"))),
    )
    found = read_when("above 100000.00 EUR and entity DE01, FR01 and source payroll", NAMES)
    assert found == Where(
        above=Money(100_000_00, "EUR"), entity_ids=("e-de", "e-fr"), sources=("payroll",)
    )
    assert read_when("", NAMES) == Where()


@pytest.mark.parametrize(
    ("when", "who", "code", "said"),
    [
        ("over 100 EUR", "2 approver", "rule_unreadable", "begins with none of"),
        ("above 100", "2 approver", "rule_unreadable", "no amount and currency"),
        ("above", "2 approver", "rule_unreadable", "nothing after its first word"),
        ("entity XX", "2 approver", "rule_unreadable", "nothing that this customer has"),
        ("entity DE01 and entity FR01", "2 approver", "rule_unreadable", "second time"),
        ("rail pigeon", "2 approver", "rule_unreadable", "is no rail"),
        ("", "two approvers", "rule_unreadable", "not a number and who"),
        ("", "2 wizard", "rule_unreadable", "no role and no person"),
        ("", "2 of zoe@acme.example, ann@acme.example", "rule_unreadable", "nothing that"),
        ("", "3 of ann@acme.example, bob@acme.example", "rule_unreadable", "asks for 3 of 2"),
        ("", "1 approver", "approvals_out_of_range", "asks for 1 person"),
        ("", "9 approver", "approvals_out_of_range", "asks for 9 people"),
    ],
)
def test_what_cannot_be_read_says_why(when: str, who: str, code: str, said: str) -> None:
    with pytest.raises(Invalid, match=said) as refused:
        (read_when(when, NAMES), read_who(who, NAMES))
    assert refused.value.code == code
    assert refused.value.can_do
