"""`nostro match` keeps its contract on a made-up world; the bench says truly what it measured."""

from __future__ import annotations

import csv
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from bench.matching_report import Measured, Sized, speeds, verdicts
from bench.matching_score import BINS, Bin, Score, Tally, read, score_files
from bench.matching_world import world
from bench.matching_world.draw import SCALE

ITEMS = 2500
# Before any fitting; what the bench asks for is more, on more. A fall below this is a fault.
PRECISION_AT_LEAST = 0.97


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("world")
    world.write(world.make(ITEMS, 11), made)
    subprocess.run(
        [
            sys.executable, "-m", "nostro", "match",
            "--transactions", str(made / "transactions.csv"),
            "--open-items", str(made / "open_items.csv"),
            "--rates", str(made / "rates.csv"), "--out", str(made / "m.jsonl"),
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    return made


def test_every_transaction_is_decided_once_and_posts_are_mostly_right(folder: Path) -> None:
    told = score_files(folder, folder / "m.jsonl")
    assert not told.faults
    assert told.counts[""].posted > 0
    assert told.counts[""].precision > PRECISION_AT_LEAST


def test_no_item_is_cleared_beyond_what_is_open(folder: Path) -> None:
    with (folder / "open_items.csv").open(encoding="utf-8") as file:
        items = {row["id"]: row for row in csv.DictReader(file)}
    cleared: Counter[str] = Counter()
    for line in read(folder / "m.jsonl"):
        if line.posted:
            for item, minor in line.cleared:
                cleared[item] += minor
    for item, minor in cleared.items():
        scale = SCALE.get(items[item]["currency"], 100)
        opened = round(float(items[item]["open_amount"]) * scale)
        assert minor * opened > 0
        assert abs(minor) <= abs(opened)


def scored(posted: int, correct: int, of: int) -> Score:
    tally = Tally(of, posted, correct)
    return Score(
        {"": tally}, {"": tally}, Tally(of, of, correct), [Bin(least) for least in BINS], Tally(),
        Counter(),
    )  # fmt: skip


def sized(items: int, seconds: float, told: Score) -> Sized:
    join = Measured(seconds=1.0, cpu=1.0, peak=1)
    own = {"seconds": 0.1, "pairs": 1}
    ours = Measured(seconds=seconds, cpu=seconds, peak=500_000_000)
    return Sized(items, items, ours, {"join": (join, own)}, {"ours": told, "hard": told}, "")


def test_targets_are_met_or_missed_by_the_figures() -> None:
    good = scored(90_000, 90_000, 100_000)
    told = list(verdicts([sized(100_000, 1, good), sized(1_000_000, 10, good)]))
    assert not [line for line in told if line.startswith("MISSED")]
    assert sum(line.startswith("MET") for line in told) == 8
    bad = scored(80_000, 79_000, 100_000)
    told = list(verdicts([sized(100_000, 1, bad), sized(1_000_000, 16, bad)]))
    assert sum(line.startswith("MISSED") for line in told) == 6


def test_what_was_not_measured_is_said() -> None:
    failed = Sized(10, 10, Measured(fault="no such command"), {}, {}, "")
    assert list(verdicts([failed])) == ["nostro match was not measured: no such command"]
    assert speeds([failed])[1][-1] == "no such command"
