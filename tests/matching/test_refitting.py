"""What was judged becomes what is posted: nothing is lost, more errors never make surer."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostro.domain.money import Money
from nostro.matching import refitting
from nostro.matching.refitting import Judged
from nostro.matching.stages.confidence import TARGET, WHOLE, Learnt, Model

PROVEN = "exact/full/name/sole/once/clear"
WEAK = "exact/none/name/sole/once/clear"
TRAP = "sum/none/name/sole/once/clear"
CLASSES = (
    PROVEN, WEAK, TRAP,
    "discount/full/iban/sole/once/clear", "partial/full/iban/two/once/round",
    "exact/tail/unknown/several/repeat/twin",
)  # fmt: skip
JUDGED = st.builds(
    Judged,
    evidence_class=st.sampled_from(CLASSES),
    probability_millionths=st.integers(0, WHOLE),
    amount=st.builds(Money, st.integers(-(10**12), 10**12), st.sampled_from(("EUR", "JPY", "KWD"))),
    right=st.booleans(),
)


def many(name: str, judged: int, wrong: int = 0, minor: int = 100_00) -> list[Judged]:
    return [
        Judged(
            evidence_class=name,
            probability_millionths=985_000,
            amount=Money(minor, "EUR"),
            right=place >= wrong,
        )
        for place in range(judged)
    ]


def posts(*judged: Judged, target: int = TARGET) -> dict[str, bool]:
    model = refitting.fitted(judged, target)
    return {one.evidence_class: one.posts for one in refitting.classes_said(model, target)}


def test_nothing_judged_is_the_safe_prior() -> None:
    assert refitting.fitted([], TARGET) == Model()
    assert refitting.calibration([]) == ()


@given(st.lists(JUDGED, max_size=60))
def test_each_judgement_is_counted_once_and_the_model_is_kept_whole(told: list[Judged]) -> None:
    model = refitting.fitted(told, TARGET)
    seen = model.classes.values()
    assert sum(one.judged for one in seen) == len(told)
    assert sum(one.right for one in seen) == sum(one.right for one in told)
    steps = refitting.calibration(told)
    assert sum(one.judged for one in steps) == len(told)
    assert sum(one.right for one in steps) == sum(one.right for one in told)
    assert all(one.since <= one.expected < one.below for one in steps)
    assert msgspec.convert(msgspec.to_builtins(model), Model) == model
    # The order in which things were judged says nothing.
    assert refitting.fitted(told[::-1], TARGET) == model


@given(st.lists(JUDGED, min_size=1, max_size=40), st.data())
def test_an_error_more_makes_nothing_surer(told: list[Judged], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(told) - 1))
    better, worse = list(told), list(told)
    better[place] = msgspec.structs.replace(told[place], right=True)
    worse[place] = msgspec.structs.replace(told[place], right=False)
    more, less = (Learnt(refitting.fitted(one, TARGET)) for one in (better, worse))
    assert all(less.chance(name) <= more.chance(name) for name in CLASSES)
    assert all(less.risk(name) >= more.risk(name) for name in CLASSES)


def test_a_trap_never_posts_whatever_was_confirmed() -> None:
    assert posts(*many(TRAP, 50_000)) == {TRAP: False}


@pytest.mark.parametrize(("judged", "wrong", "does"), [(20, 0, False), (5_000, 0, True),
                                                       (5_000, 50, False)])  # fmt: skip
def test_weak_evidence_posts_once_enough_has_proven_it(judged: int, wrong: int, does: bool) -> None:
    assert posts(*many(WEAK, judged, wrong)) == {WEAK: does}


def test_what_was_proven_posts_no_more_when_people_find_it_wrong() -> None:
    assert posts(*many(PROVEN, 10, 4)) == {PROVEN: False}
    assert posts(*many(PROVEN, 20_000, 1)) == {PROVEN: True}
    assert posts(*many(PROVEN, 300), target=999_900) == {PROVEN: False}


def test_the_words_of_a_class_are_those_of_its_proposals() -> None:
    model = refitting.fitted(many("discount/tail/iban/two/repeat/twin", 1), TARGET)
    (told,) = refitting.classes_said(model, TARGET)
    assert told.words[0] == "the text names the end of the number"
    assert told.words[-1] == "another explanation would fit"
