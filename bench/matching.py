"""How fast and how right `nostro match` is, beside the limit and what others do, in one run.

    make bench-matching                          10,000, 100,000 and 1,000,000 open items
    SIZES=10000 make bench-matching              other sizes
    BESIDE=join make bench-matching              fewer of join, sql, peer
    PAGE=tables.md make bench-matching           the tables for docs/benchmarks.md too
    MATCH="python other.py" make bench-matching  another program with the same arguments

The worlds are made up (bench/matching_world) and kept below the cache. Thresholds are fitted on
one seed and measured on another, which nobody has seen; without fitting on a third with twice the
hard cases. Every program is a process of its own, one after the other over the same files; seconds
are by the clock from its start to its end, memory is its peak. No rate here is a field rate.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import resource
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
from bench import bank_reconciliation as sets  # noqa: E402
from bench import matching_report as report  # noqa: E402
from bench.environments import Missing, cache, python_of  # noqa: E402
from bench.matching_report import Measured, Sized  # noqa: E402
from bench.matching_score import Score, read, score_files  # noqa: E402

SIZES = [int(size) for size in os.environ.get("SIZES", "10000,100000,1000000").split(",")]
BESIDE = os.environ.get("BESIDE", "join,sql,peer").split(",")
LIMIT = int(os.environ.get("LIMIT", "300"))
FIT_MOST = 300_000
HARD_MOST = 100_000
FIT, MEASURE, HARD = 31, 32, 33  # Seeds that nobody developed on; those before are used up.
RUNS = ROOT / "bench" / "matching_runs.py"
MATCH = shlex.split(os.environ.get("MATCH", "")) or [sys.executable, "-m", "nostro", "match"]
START = "from nostro import app; app.server().ensure(); print(app.server().admin_url())"
STOP = "from nostro import app; app.server().stop()"
console = Console(width=int(os.environ.get("COLUMNS", "120")))


class Ended(NamedTuple):
    measured: Measured
    output: str


def world(items: int, seed: int, hard: int = 1) -> Path:
    """The folder of one made-up world; made when the generator is not the one that made it."""
    sources = sorted((ROOT / "bench" / "matching_world").glob("*.py"))
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:8]
    folder = cache("bench") / f"matching-{items}-{seed}-{hard}-{digest}"
    if not (folder / "decisions.jsonl").exists():
        console.print(f"[dim]making up {items:,} open items, seed {seed} ...[/]", highlight=False)
        subprocess.run(
            [sys.executable, "-m", "bench.matching_world.world", str(folder), "--items", str(items),
             "--seed", str(seed), "--hard", str(hard)],
            cwd=ROOT, check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
    return folder


def run(command: list[str], home: Path, **more: str) -> Ended:
    """One process to its end: the clock, its CPU seconds, its peak memory, what it printed."""

    def limits() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (LIMIT, LIMIT + 5))

    kept = {name: value for name, value in os.environ.items() if not name.startswith("NOSTRO_")}
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as faults:
        began = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=ROOT, env={**kept, "NOSTRO_HOME": str(home), **more}, stdout=out,
            stderr=faults, preexec_fn=limits,
        )  # fmt: skip
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        cpu = usage.ru_utime + usage.ru_stime
        for file in (out, faults):
            file.seek(0)
        fault = ""
        if process.returncode:
            told = re.findall(r"\w[^\n│╯╮]*", faults.read() or out.read())[-1:]
            fault = f"more than {LIMIT} CPU s" if cpu >= LIMIT else " ".join(told)[:100] or "failed"
        return Ended(Measured(seconds, cpu, usage.ru_maxrss * 1024, fault), out.read())


def match(folder: Path, out: Path, home: Path, *more: str) -> Measured:
    files = ["--transactions", str(folder / "transactions.csv")]
    files += ["--open-items", str(folder / "open_items.csv"), "--rates", str(folder / "rates.csv")]
    return run([*MATCH, *files, "--out", str(out), *more], home).measured


def fitted(items: int, home: Path) -> tuple[list[str], str]:
    """The arguments that use thresholds fitted on seed FIT; a fault when that failed."""
    folder, model = world(min(items, FIT_MOST), FIT), home / f"model-{items}.json"
    console.print(f"[dim]fitting on seed {FIT}, {items:,} ...[/]", highlight=False)
    told = match(
        folder, home / "fit.jsonl", home, "--decisions", str(folder / "decisions.jsonl"),
        "--fit", str(model),
    )  # fmt: skip
    if told.fault or not model.exists():
        return [], told.fault or "no model was written"
    return ["--model", str(model)], ""


def beside(what: str, folder: Path, home: Path, database: str) -> tuple[Measured, dict[str, Any]]:
    """One of those that we measure beside, and what it told itself."""
    python = sys.executable
    if what == "peer":
        try:
            python = str(python_of("peers-most", "peers-most.txt"))
        except Missing as missing:
            return Measured(fault=f"not installed: {missing}"), {}
    console.print(f"[dim]{what} ...[/]")
    command = [python, str(RUNS), what, str(folder), str(home / f"{what}.jsonl")]
    ended = run(command, home, BENCH_DATABASE=database)
    if ended.measured.fault:
        return ended.measured, {}
    return ended.measured, json.loads(ended.output.splitlines()[-1])


def too_long(what: str, items: int, before: Sized | None) -> str:
    """Why it is not even tried: a smaller size was too much already, or this one would be."""
    if before is None or what not in before.beside:
        return ""
    last, _ = before.beside[what]
    if last.fault or last.cpu * items / before.items > LIMIT:
        return f"left out: {before.items:,} took {last.fault or f'{last.cpu:.0f} CPU s'}"
    return ""


def measure(items: int, home: Path, database: str, before: Sized | None) -> Sized:
    """Everything of one size."""
    folder, out = world(items, MEASURE), home / "m.jsonl"
    model, fault = fitted(items, home)
    console.print(f"[dim]nostro match, {items:,} open items ...[/]", highlight=False)
    told = match(folder, out, home, *model)
    found: dict[str, tuple[Measured, dict[str, Any]]] = {}
    scores: dict[str, Score] = {}
    if not told.fault:
        scores["ours"] = score_files(folder, out)
    for what in BESIDE:
        if why := too_long(what, items, before):
            found[what] = Measured(fault=why), {}
            continue
        found[what] = beside(what, folder, home, database)
        if what == "peer" and not found[what][0].fault:
            scores["peer"] = score_files(folder, home / "peer.jsonl")
    hard = world(min(items, HARD_MOST), HARD, 2)
    if not told.fault and not match(hard, out, home).fault:
        scores["hard"] = score_files(hard, out)
    with (folder / "transactions.csv").open("rb") as file:
        lines = sum(1 for _ in file) - 1
    return Sized(items, lines, told, found, scores, fault)


def public_set(home: Path) -> str:
    """What becomes of the lines that somebody else paired: they name no amounts, only pairs."""
    if not sets.SET.exists():
        return "the public bank reconciliation set is not here"
    expected = right = wrong = offered = 0
    for at, case in enumerate(sets.read(sets.SET)):
        folder, out = home / f"case-{at}", home / "case.jsonl"
        sets.write(case, folder)
        if fault := match(folder, out, home).fault:
            return f"the public bank reconciliation set was not read: {fault}"
        posted = sets.pairs_of(read(out), "post")
        told = posted | sets.pairs_of(read(out), "suggest", "ambiguous")
        expected, right = expected + len(case.expected), right + len(posted & case.expected)
        wrong, offered = wrong + len(posted - case.expected), offered + len(told & case.expected)
    return (
        f"public bank reconciliation set, not fitted: of {expected} pairs {right} posted, "
        f"{offered} posted or suggested; {wrong} posted that are not expected"
    )


def main() -> None:
    load = os.getloadavg()[0]
    console.print(f"load before: {load:.1f} on {os.cpu_count()} cores", highlight=False)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NOSTRO_")}
    with tempfile.TemporaryDirectory(prefix="nostro-bench-") as folder:
        home = Path(folder)
        environment = {**kept, "NOSTRO_HOME": str(home)}
        python = [sys.executable, "-c"]
        database = ""
        if "sql" in BESIDE:
            told = subprocess.run([*python, START], cwd=ROOT, env=environment, check=True,
                                  capture_output=True, text=True)  # fmt: skip
            database = told.stdout.split()[-1]
        try:
            measured: list[Sized] = []
            for size in SIZES:
                measured.append(measure(size, home, database, measured[-1] if measured else None))
            paired = public_set(home)
        finally:
            if database:
                subprocess.run([*python, STOP], cwd=ROOT, env=environment, check=True)
    page = report.show(console, measured, paired)
    if name := os.environ.get("PAGE"):
        Path(name).write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
