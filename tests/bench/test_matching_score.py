"""The score of the matching bench, held against decisions whose score is known."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import matching_score
from bench.matching_score import Line, Score, Tally, lower_bound, score
from bench.matching_world import world

TRUTH = [
    Line(["a"], [{"item": "1", "settled_minor": 100}], scenario="exact"),
    Line(["b"], [{"item": "2", "settled_minor": 50}], scenario="partial"),
    Line(["c"], [], scenario="duplicate"),
    Line(["d", "e"], [], scenario="reversal"),
    Line(["f"], [], scenario="noise"),
]
WORTH = {"a": 100.0, "b": 50.0, "c": 100.0, "d": 10.0, "e": 10.0, "f": 5.0}


def line(status: str, transactions: str, *cleared: tuple[str, int]) -> Line:
    named = [{"item": item, "settled_minor": minor} for item, minor in cleared]
    return Line(list(transactions), named, status, 0.99)


def of(*decisions: Line) -> Score:
    return score(decisions, TRUTH, WORTH)


def test_all_right() -> None:
    told = of(
        line("post", "a", ("1", 100)), line("post", "b", ("2", 50)), line("none", "c"),
        line("reversal", "ed"), line("none", "f"),
    )  # fmt: skip
    assert tuple(told.counts[""]) == (6, 4, 4)
    assert not told.wrong_by_value
    assert tuple(told.edges) == (2, 2, 2)
    assert not told.faults


@pytest.mark.parametrize(
    "wrong",
    [
        line("post", "a", ("1", 99)),  # not what it clears
        line("post", "a", ("2", 100)),  # another item
        line("post", "a", ("1", 100), ("2", 1)),  # one too many
        line("post", "ab", ("1", 100)),  # another set of transactions
        line("post", "a", ("1", 100), ("1", 100)),  # twice the same
        line("reversal", "ab"),
        line("post", "f", ("1", 100)),  # noise has no item
    ],
)
def test_whatever_differs_is_wrong(wrong: Line) -> None:
    told = of(wrong)
    assert told.counts[""].posted == len(wrong.transactions)
    assert told.counts[""].correct == 0
    assert told.wrong_by_value > 0


def test_only_what_nobody_looks_at_any_more_is_posted() -> None:
    told = of(line("suggest", "a", ("2", 1)), line("ambiguous", "b", ("1", 1)), line("post", "f"))
    assert told.counts[""].posted == 0
    assert math.isnan(told.counts[""].precision)


def test_a_duplicate_that_clears_something_is_told() -> None:
    assert of(line("post", "c", ("1", 100))).duplicates_wrong == Tally(1, 1, 0)
    assert of(line("suggest", "c", ("1", 100))).duplicates_wrong == Tally(1, 0, 0)


def test_left_out_and_decided_twice_break_the_contract() -> None:
    told = of(line("post", "a", ("1", 100)), line("none", "a"), line("none", "x"))
    assert told.faults == {
        "transactions unknown or decided twice": 2, "transactions without a decision": 5,
    }  # fmt: skip
    assert told.counts[""].all == 6


def test_calibration_is_what_was_said_against_what_was() -> None:
    told = of(line("post", "a", ("1", 100)), line("suggest", "b", ("1", 1)), line("none", "f"))
    (one,) = (one for one in told.bins if one.many)
    assert (one.many, one.right) == (2, 1)
    assert told.calibration_error == pytest.approx((1.98 - 1) / 2)


@pytest.mark.parametrize(
    ("correct", "count", "expected"),
    # Of R: binom.test(correct, count, alternative = "greater")$conf.int
    [(10, 10, 0.7411), (9, 10, 0.6058), (100, 100, 0.9705), (0, 10, 0.0)],
)
def test_lower_bound_is_exact(correct: int, count: int, expected: float) -> None:
    assert lower_bound(correct, count) == pytest.approx(expected, abs=2e-4)


@given(st.integers(1, 50_000), st.data())
def test_lower_bound_lies_below_and_rises(count: int, data: st.DataObject) -> None:
    correct = data.draw(st.integers(max(0, count - 300), count))
    bound = lower_bound(correct, count)
    assert 0 <= bound <= correct / count + 1e-9
    if correct < count:
        assert bound <= lower_bound(correct + 1, count) + 1e-9


def test_the_truth_itself_scores_full(tmp_path: Path) -> None:
    world.write(world.make(1500, 5), tmp_path)
    told = []
    for text in (tmp_path / "truth.jsonl").read_text().splitlines():
        made = json.loads(text)
        status = "post" if made["allocations"] else "none"
        if made["scenario"] in ("reversal", "own_returned"):
            status = "reversal"
        told.append(json.dumps({**made, "status": status, "probability": 1.0}))
    (tmp_path / "m.jsonl").write_text("\n".join(told))
    found = matching_score.score_files(tmp_path, tmp_path / "m.jsonl")
    assert found.counts[""].precision == 1
    assert found.counts[""].auto > 0.9
    assert found.calibration_error < 0.05
    assert not found.faults
