"""How right a matcher's decisions are: by scenario and by value, with its calibration.

A transaction is posted when its line says `post` with an allocation, or `reversal`: then nobody
looks at it any more. It is correct when the line's transactions, its items and what each clears
are the truth's. Lower bounds are one-sided at 95 %: Clopper-Pearson, above 500 errors Wilson.

    python -m bench.matching_score FOLDER m.jsonl     the world's folder, the decisions
"""

from __future__ import annotations

import csv
import math
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from rich.console import Console
from rich.table import Table

BINS = (0.0, 0.5, 0.8, 0.9, 0.95, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9999)
EURO = {"EUR": 1.0, "GBP": 1.17, "USD": 0.92}
EXACT_UP_TO = 500


class Line(msgspec.Struct):
    transactions: list[str]
    allocations: list[dict[str, Any]] = []
    status: str = ""
    probability: float | None = None
    scenario: str = ""

    @property
    def cleared(self) -> frozenset[tuple[str, int]]:
        return frozenset((one["item"], one["settled_minor"]) for one in self.allocations)

    @property
    def posted(self) -> bool:
        return self.status == "reversal" or (self.status == "post" and bool(self.allocations))

    def same_as(self, other: Line) -> bool:
        return (
            len(self.transactions) == len(other.transactions)
            and set(self.transactions) == set(other.transactions)
            and len(self.allocations) == len(other.allocations)
            and self.cleared == other.cleared
        )


class Tally(NamedTuple):
    """Counts of transactions, or euros, of one scenario or of all."""

    all: float = 0
    posted: float = 0
    correct: float = 0

    def plus(self, worth: float, posted: bool, correct: bool) -> Tally:
        return Tally(self.all + worth, self.posted + worth * posted, self.correct + worth * correct)

    @property
    def precision(self) -> float:
        return self.correct / self.posted if self.posted else math.nan

    @property
    def auto(self) -> float:
        return self.posted / self.all if self.all else math.nan


class Bin(NamedTuple):
    least: float
    many: int = 0
    said: float = 0  # sum of the probabilities
    right: int = 0


class Score(NamedTuple):
    counts: dict[str, Tally]  # by scenario; "" is all
    values: dict[str, Tally]
    edges: Tally  # pairs of transaction and item: all true ones, those posted, those suggested too
    bins: list[Bin]
    duplicates_wrong: Tally
    faults: Counter[str]  # what breaks the contract

    @property
    def wrong_by_value(self) -> float:
        """Of the money that belongs to documents: sweeps and wages would make any error small."""
        value = self.values[""]
        documented = value.all - self.values.get("noise", Tally()).all
        return (value.posted - value.correct) / documented if documented else 0.0

    @property
    def lower(self) -> float:
        whole = self.counts[""]
        return lower_bound(int(whole.correct), int(whole.posted))

    @property
    def calibration_error(self) -> float:
        total = sum(one.many for one in self.bins)
        return sum(abs(one.said - one.right) for one in self.bins) / total if total else math.nan


def read(path: Path) -> Iterator[Line]:
    decoder = msgspec.json.Decoder(Line)
    with path.open("rb") as file:
        for line in file:
            if line.strip():
                yield decoder.decode(line)


def worths(path: Path) -> dict[str, float]:
    """What each transaction is worth in euro, roughly: for shares of value alone."""
    with path.open(encoding="utf-8", newline="") as file:
        return {
            row["id"]: abs(float(row["amount"])) * EURO.get(row["currency"], 1.0)
            for row in csv.DictReader(file)
        }


def score(decisions: Iterable[Line], truth: Iterable[Line], worth: dict[str, float]) -> Score:
    of = {one: line for line in truth for one in line.transactions}
    counts: dict[str, Tally] = {"": Tally()}
    values: dict[str, Tally] = {"": Tally()}
    bins = [Bin(least) for least in BINS]
    faults: Counter[str] = Counter()
    seen: set[str] = set()
    duplicates, found, offered = Tally(), 0, 0
    for line in decisions:
        known = [one for one in line.transactions if one in of and one not in seen]
        faults["transactions unknown or decided twice"] += len(line.transactions) - len(known)
        seen.update(known)
        if not known:
            continue
        correct, posted = line.same_as(of[known[0]]), line.posted
        keep_bin(bins, line, correct)
        named = {item for item, _ in line.cleared}
        for one in known:
            scenario, true = of[one].scenario, {item for item, _ in of[one].cleared}
            found += len(named & true) * posted
            offered += len(named & true)
            for key in ("", scenario):
                counts[key] = counts.get(key, Tally()).plus(1, posted, posted and correct)
                values[key] = values.get(key, Tally()).plus(worth[one], posted, posted and correct)
            if scenario == "duplicate":
                duplicates = duplicates.plus(1, posted, posted and correct)
    faults["transactions without a decision"] += len(of) - len(seen)
    for one in of.keys() - seen:
        for key in ("", of[one].scenario):
            counts[key] = counts.get(key, Tally()).plus(1, False, False)
            values[key] = values.get(key, Tally()).plus(worth[one], False, False)
    true_edges = sum(len(line.allocations) for line in of.values())
    edges = Tally(true_edges, offered, found)
    return Score(counts, values, edges, bins, duplicates, +faults)


def keep_bin(bins: list[Bin], line: Line, correct: bool) -> None:
    """Only what names items has a probability that can be held against the truth."""
    if line.probability is None or not (line.allocations or line.status == "reversal"):
        return
    at = max(n for n, least in enumerate(BINS) if line.probability >= least)
    old = bins[at]
    bins[at] = Bin(old.least, old.many + 1, old.said + line.probability, old.right + correct)


def lower_bound(correct: int, of: int, level: float = 0.95) -> float:
    """The precision that is true with 95 % at least: exact for few errors, Wilson's for many."""
    if not of:
        return 0.0
    wrong = of - correct
    if wrong > EXACT_UP_TO:
        z, share = 1.6449, correct / of
        centre = share + z * z / (2 * of)
        spread = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
        return (centre - spread) / (1 + z * z / of)
    low, high = wrong / of, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if at_most(wrong, of, middle) > 1 - level:
            low = middle
        else:
            high = middle
    return 1 - high


def at_most(wrong: int, of: int, rate: float) -> float:
    """The probability of at most `wrong` errors among `of` when each goes wrong at `rate`."""
    if rate <= 0 or rate >= 1:
        return 1.0 if rate <= 0 or wrong >= of else 0.0
    log, ratio = of * math.log1p(-rate), math.log(rate) - math.log1p(-rate)
    terms = [log]
    for k in range(1, wrong + 1):
        log += math.log(of - k + 1) - math.log(k) + ratio
        terms.append(log)
    top = max(terms)
    return math.exp(top) * sum(math.exp(one - top) for one in terms)


def percent(share: float, digits: int = 2) -> str:
    return "" if math.isnan(share) else f"{share * 100:.{digits}f} %"


def scenario_table(told: Score) -> Table:
    table = Table(
        "scenario", "transactions", "posted", "auto rate", "wrong", "precision", "wrong by value"
    )
    names = sorted((name for name in told.counts if name), key=lambda one: -told.counts[one].all)
    for name in [*names, ""]:
        count, value = told.counts[name], told.values[name]
        wrong = (value.posted - value.correct) / value.all if value.all else 0.0
        table.add_row(
            name or "all", f"{count.all:,.0f}", f"{count.posted:,.0f}", percent(count.auto, 1),
            f"{count.posted - count.correct:,.0f}", percent(count.precision, 3), f"{wrong:.1e}",
        )  # fmt: skip
    return table


def calibration_table(told: Score) -> Table:
    table = Table("probability from", "decisions", "said", "was right", "gap")
    for one in told.bins:
        if one.many:
            said, right = one.said / one.many, one.right / one.many
            table.add_row(
                f"{one.least:g}", f"{one.many:,}", f"{said:.5f}", f"{right:.5f}",
                f"{right - said:+.5f}",
            )  # fmt: skip
    return table


def summary(told: Score) -> Iterator[str]:
    whole = told.counts[""]
    yield (
        f"precision {percent(whole.precision, 4)} (at least {percent(told.lower, 4)} with 95 %) "
        f"at auto rate {percent(whole.auto)} of {whole.all:,.0f} transactions"
    )
    yield f"wrongly posted by value {told.wrong_by_value:.2e}"
    twice = told.duplicates_wrong
    if twice.all:
        yield f"duplicates wrongly posted {percent(twice.auto)} of {twice.all:,.0f}"
    edges = told.edges
    if edges.all:
        yield (
            f"recall of pairs: {percent(edges.correct / edges.all)} posted, "
            f"{percent(edges.posted / edges.all)} with those suggested first"
        )
    yield f"expected calibration error {told.calibration_error:.5f}"
    yield from (f"CONTRACT BROKEN: {count:,} {what}" for what, count in told.faults.items())


def score_files(folder: Path, decisions: Path) -> Score:
    worth = worths(folder / "transactions.csv")
    return score(read(decisions), read(folder / "truth.jsonl"), worth)


def main() -> None:
    told = score_files(Path(sys.argv[1]), Path(sys.argv[2]))
    console = Console(width=120)
    console.print(scenario_table(told))
    console.print(calibration_table(told))
    for line in summary(told):
        console.print(line, highlight=False)


if __name__ == "__main__":
    main()
