"""What `make bench-matching` tells: how fast, how right, and each target met or missed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from bench.matching_score import Score, calibration_table, percent, scenario_table, summary

Rows = list[list[str]]
NAMES = {
    "join": "bare hash join (Polars): read, join, write",
    "sql": "one regular expression a line (PostgreSQL)",
    "peer": "bankstatementparser",
}
LONGEST, TIMES_JOIN, PEAK_MB = 11.0, 15.0, 1000.0
PRECISION, AUTO, FAR_PRECISION, FAR_AUTO = 0.999, 0.87, 0.9995, 0.92
BEFORE_FIT, WRONG_VALUE, DUPLICATES = 0.998, 1e-5, 0.01


class Measured(NamedTuple):
    seconds: float = 0
    cpu: float = 0
    peak: int = 0
    fault: str = ""


class Sized(NamedTuple):
    """All that was measured with one number of open items."""

    items: int
    lines: int
    ours: Measured
    beside: dict[str, tuple[Measured, dict[str, Any]]]
    scores: dict[str, Score]
    not_fitted: str

    @property
    def join(self) -> Measured | None:
        measured, _ = self.beside.get("join", (None, {}))
        return measured if measured and not measured.fault else None


def speeds(sizes: list[Sized]) -> Rows:
    told = [["open items", "what", "seconds", "CPU s", "transactions/s", "peak MB", "x join", ""]]
    for size in sizes:
        told.append(speed(size, "nostro match", size.ours, size.ours.seconds, size.ours.fault))
        for what, (measured, own) in size.beside.items():
            seconds, note = measured.seconds, measured.fault
            if what == "sql" and own:
                seconds = own["seconds"]
                note = f"extrapolated from {own['sample']} lines"
            elif what == "join" and own:
                note = f"the join alone {own['seconds']:.3f} s"
            elif what == "peer" and own:
                note = f"its matching alone {own['seconds']:.1f} s"
            told.append(speed(size, NAMES[what], measured, seconds, note))
    return told


def speed(size: Sized, name: str, one: Measured, seconds: float, note: str) -> list[str]:
    if one.fault:
        return [f"{size.items:,}", name, "-", "-", "-", "-", "-", note]
    times = f"{seconds / size.join.seconds:.1f}" if size.join else ""
    elsewhere = seconds != one.seconds  # What the database used is not in the process that asked.
    return [
        f"{size.items:,}", name, f"{seconds:,.1f}", "" if elsewhere else f"{one.cpu:,.1f}",
        rate(size.lines / seconds), "" if elsewhere else f"{one.peak / 1e6:,.0f}", times, note,
    ]  # fmt: skip


def rate(a_second: float) -> str:
    return f"{a_second:,.0f}" if a_second >= 10 else f"{a_second:.2g}"


def rightness(sizes: list[Sized]) -> Rows:
    told = [["open items", "what", "precision", "at least (95 %)", "auto rate", "wrong by value",
             "duplicates wrong", "calibration error"]]  # fmt: skip
    names = {
        "ours": "nostro match, fitted on another seed",
        "hard": "not fitted, twice the hard cases",
        "peer": NAMES["peer"],
    }
    for size in sizes:
        for what, one in size.scores.items():
            whole = one.counts[""]
            name = "nostro match, not fitted" if what == "ours" and size.not_fitted else names[what]
            told.append(
                [
                    f"{size.items:,}", name, percent(whole.precision, 3), percent(one.lower, 3),
                    percent(whole.auto, 1), f"{one.wrong_by_value:.1e}",
                    percent(one.duplicates_wrong.auto), f"{one.calibration_error:.4f}",
                ]
            )  # fmt: skip
    return told


def judge(what: str, got: float, wanted: float, side: str, shown: str) -> str:
    met = got <= wanted if side == "at most" else got >= wanted
    verdict = "MET" if met else "MISSED"
    return f"{verdict}: {what} {shown.format(got)} (wanted: {side} {shown.format(wanted)})"


def verdicts(sizes: list[Sized]) -> Iterator[str]:
    """What the issue asks for, of the largest size that was measured."""
    done = [size for size in sizes if not size.ours.fault]
    if not done:
        yield f"nostro match was not measured: {sizes[-1].ours.fault}"
        return
    last = done[-1]
    yield f"of {last.items:,} open items, {last.lines:,} transactions:"
    for before in done:
        if before.items * 10 == last.items:
            times = last.ours.seconds / before.ours.seconds
            cpu = last.ours.cpu / max(before.ours.cpu, 0.01)
            what = f"times the seconds of {before.items:,} (CPU {cpu:.1f})"
            yield judge(what, times, LONGEST, "at most", "{:.1f}")
    if last.join:
        times = last.ours.seconds / last.join.seconds
        what = f"times the bare join (CPU {last.ours.cpu / max(last.join.cpu, 0.01):.1f})"
        yield judge(what, times, TIMES_JOIN, "at most", "{:.1f}")
    yield judge("peak MB", last.ours.peak / 1e6, PEAK_MB, "at most", "{:.0f}")
    yield from right_verdicts(last)
    yield (
        "NOT MEASURED HERE: 1,000 new lines against 1,000,000 open items in PostgreSQL"
        " (wanted: at most 300 ms)"
    )


def right_verdicts(last: Sized) -> Iterator[str]:
    if one := last.scores.get("ours"):
        if last.not_fitted:
            yield f"NOT FITTED: {last.not_fitted}"
        auto, share = one.counts[""].auto, "{:.5f}"
        yield judge("precision, lower bound,", one.lower, PRECISION, "at least", share)
        yield judge("auto rate", auto, AUTO, "at least", share)
        far = one.lower >= FAR_PRECISION and auto >= FAR_AUTO
        yield f"far goal ({FAR_PRECISION} at {FAR_AUTO}): {'MET' if far else 'not yet'}"
        yield judge("wrong by value", one.wrong_by_value, WRONG_VALUE, "at most", "{:.1e}")
        twice = one.duplicates_wrong
        wrong = twice.posted / twice.all if twice.all else 0.0
        yield judge("duplicates wrongly posted", wrong, DUPLICATES, "at most", "{:.4f}")
    if hard := last.scores.get("hard"):
        what = "precision before fitting, twice the hard cases, lower bound,"
        yield judge(what, hard.lower, BEFORE_FIT, "at least", "{:.5f}")


def rich_table(rows: Rows) -> Table:
    heading, *body = rows
    table = Table(*heading)
    for row in body:
        table.add_row(*row)
    return table


def markdown(rows: Rows) -> str:
    heading, *body = (f"| {' | '.join(row)} |" for row in rows)
    return "\n".join([heading, "|---" * len(rows[0]) + "|", *body])


def show(console: Console, sizes: list[Sized], paired: str) -> str:
    """Prints everything; returns the same for docs/benchmarks.md."""
    tables = [speeds(sizes), rightness(sizes)]
    for rows in tables:
        console.print(rich_table(rows))
    scored = [size for size in sizes if "ours" in size.scores]
    for size in scored[-1:]:
        one = size.scores["ours"]
        console.print(scenario_table(one))
        console.print(calibration_table(one))
        for line in summary(one):
            console.print(line, highlight=False)
    told = [*verdicts(sizes), paired]
    for line in told:
        console.print(line, highlight=False)
    return "\n\n".join([*map(markdown, tables), "\n".join(f"* {line}" for line in told)]) + "\n"
