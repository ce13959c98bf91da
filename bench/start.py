"""How long a newcomer waits: a cold `make demo` from a clone, and a warm `nostro up`.

    make bench-start                 both
    make bench-start RUNS=9          more warm starts (the median counts)
    bench/start.py --warm            only the warm start

Each part of the cold run is a command of its own on the same clone, so the sum carries a few
interpreter starts more than `make demo` itself.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
COLD_TARGET, WARM_TARGET = 90.0, 3.0
RUNS = int(os.environ.get("RUNS", "5"))
READY_SECONDS = 120
START_DATABASE = (
    "from nostro.app import server\n"
    "found = server()\n"
    "if found is not None: found.ensure()"
)  # fmt: skip

console = Console()
Rows = list[tuple[str, float | None]]


def environment(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NOSTRO_")}
    for ours in ("VIRTUAL_ENV", "MAKEFLAGS", "MAKELEVEL", "MFLAGS", "DJANGO_SETTINGS_MODULE"):
        kept.pop(ours, None)
    return {**kept, "NOSTRO_HOME": str(home)}


def took(command: list[str], folder: Path, home: Path) -> float | None:
    """Seconds, or None when the command failed."""
    console.print(f"[dim]$ {' '.join(command) if len(command) < 4 else command[0]}[/]")
    began = time.perf_counter()
    told = subprocess.run(
        command, cwd=folder, env=environment(home), capture_output=True, text=True, check=False
    )
    if told.returncode:
        console.print(f"[red]failed ({told.returncode})[/]\n{(told.stdout + told.stderr)[-2000:]}")
        return None
    return time.perf_counter() - began


def cold(clone: Path, home: Path) -> Rows:
    """Everything from nothing but the package cache."""
    python = str(clone / ".venv/bin/python")
    steps = {
        "git clone": (["git", "clone", "--quiet", str(ROOT), str(clone)], ROOT),
        "environment and packages": (["make", "product"], clone),
        "initdb and start of PostgreSQL": ([python, "-c", START_DATABASE], clone),
        "migrate": ([python, "-m", "nostro", "migrate"], clone),
        "demo, told": (["make", "demo"], clone),
    }
    return [(name, took(command, folder, home)) for name, (command, folder) in steps.items()]


def warm_once(home: Path) -> dict[str, float]:
    """One `nostro up` until it is ready; its own account of the parts and our clock."""
    began = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-m", "nostro", "up"],
        cwd=ROOT, env={**environment(home), "NOSTRO_LOG": "json", "NOSTRO_PORT": "0"},
        stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        parts: dict[str, float] = {}
        for line in process.stdout:
            told = json.loads(line) if line.startswith("{") else {}
            if str(told.get("event", "")).startswith("Ready: "):
                parts = {name: told[name] for name in PARTS}
                parts["ready, by our clock"] = time.perf_counter() - began
                break
        process.send_signal(signal.SIGTERM)
        stopping = time.perf_counter()
        process.stdout.read()
        process.wait()
        parts["(then stopped in)"] = time.perf_counter() - stopping
    if process.returncode or "ready, by our clock" not in parts:
        raise SystemExit("nostro up did not start")
    return parts


PARTS = {
    "modules": "Python and modules",
    "postgres": "PostgreSQL answers (beside the modules)",
    "django": "Django and the schema check",
    "worker": "worker ready (beside the web)",
    "web": "web ready: a page answers",
}


def warm(home: Path) -> Rows:
    subprocess.run(
        [sys.executable, "-m", "nostro", "migrate"], cwd=ROOT, env=environment(home), check=True,
        capture_output=True,
    )  # fmt: skip
    stop_database(home)
    runs = []
    for number in range(RUNS):
        console.print(f"[dim]$ nostro up ({number + 1} of {RUNS})[/]")
        runs.append(warm_once(home))
    middle = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
    return [(PARTS.get(name, name), seconds) for name, seconds in middle.items()]


def stop_database(home: Path) -> None:
    stop = START_DATABASE.replace("ensure", "stop")
    subprocess.run([sys.executable, "-c", stop], cwd=ROOT, env=environment(home), check=False)


def show(title: str, rows: Rows, total: float | None, target: float) -> None:
    table = Table("part", "seconds", title=title, title_justify="left")
    for name, seconds in rows:
        table.add_row(name, "failed" if seconds is None else f"{seconds:.2f}")
    table.add_section()
    table.add_row("total", "failed" if total is None else f"{total:.2f}")
    table.add_row("target", f"{target:.0f}")
    if total is not None:
        verdict = "met" if total <= target else f"missed by {total - target:.1f} s"
        table.add_row(f"ratio to target ({verdict})", f"{total / target:.2f}")
    console.print(table)


def home_in(folder: Path, name: str) -> Path:
    home = folder / name
    home.mkdir(mode=0o755)
    return home


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="nostro-bench-", dir="/tmp"))
    folder.chmod(0o755)
    cold_home, warm_home = home_in(folder, "cold"), home_in(folder, "warm")
    try:
        if "--warm" not in sys.argv:
            rows = cold(folder / "clone", cold_home)
            known = [seconds for _, seconds in rows if seconds is not None]
            total = sum(known) if len(known) == len(rows) else None
            show("Cold: `make demo` from a clone", rows, total, COLD_TARGET)
        rows = warm(warm_home)
        total = dict(rows)["ready, by our clock"]
        show("Warm: `nostro up` until ready (seconds since its start)", rows, total, WARM_TARGET)
    finally:
        for home in (cold_home, warm_home):
            stop_database(home)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
