"""How fast events are recorded, sealed and verified, one after the other in one process.

    make bench-audit                 100,000 events
    COUNT=20000 make bench-audit

A fresh installation of its own with an embedded PostgreSQL. Rates are by CPU of this process and by
the clock; the database's own work is in the clock's only. The limit of verification is bare SHA-256
over the same bytes.
"""

from __future__ import annotations

import io
import os
import sys
import tempfile
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
COUNT = int(os.environ.get("COUNT", "100000"))
AT_ONCE = 1000  # Events a transaction, as a run's payments are moved.
TARGET_RATE = 200_000
console = Console(width=120)
table = Table("part", "events", "seconds", "CPU seconds", "events/s", "events/s of CPU")


def measured(part: str, count: int, work: Callable[[], object]) -> tuple[float, float]:
    """Do it once; returns seconds by the clock and of CPU."""
    clock, cpu = time.perf_counter(), time.process_time()
    work()
    clock, cpu = time.perf_counter() - clock, time.process_time() - cpu
    rates = f"{count / clock:,.0f}", f"{count / cpu:,.0f}"
    table.add_row(part, f"{count:,}", f"{clock:.2f}", f"{cpu:.2f}", *rates)
    return clock, cpu


def main() -> None:
    from nostro import app

    app.migrate()
    from nostro import verifier
    from nostro.domain.event import Actor
    from nostro.ops import audit_archive, checkpoints, sealing
    from nostro.ops.secrets import FileSecrets
    from nostro.storage import audit_statements, events, parties
    from nostro.storage.tenancy import tenant
    from nostro.workflows.context import Acting

    world = app.world()
    new, now = world.ids.new, world.clock.now()
    customer = new()
    parties.create_customer(customer, parties.create_partner(new(), "B"), name="B", code="BENCH")
    who = Actor(kind="person", id=str(new()), name="Mara Maker")
    acting = Acting(tenant_id=customer, actor=who, world=world, reason="approved with the run")

    def record() -> None:
        for _ in range(COUNT // AT_ONCE):
            subjects = [new() for _ in range(AT_ONCE)]
            own = [{"digest": sha256(one.bytes).hexdigest()} for one in subjects]
            with tenant(customer):
                said = {"before": "awaiting_approval", "after": "approved", "move": "approve"}
                events.record_alike(acting.alike("order.moved", "order", subjects, own, **said))

    ingest, _ = measured("record (in sets of 1,000)", COUNT, record)
    seal, _ = measured("seal", COUNT, lambda: sealing.seal_all(now))
    secrets = FileSecrets(app.configuration().secrets_home)
    checkpoints.make(customer, secrets, now)
    measured("nostro audit verify (from the database)", COUNT, lambda: sealing.verify(customer))
    file = io.BytesIO()
    measured("nostro audit export", COUNT, lambda: audit_archive.write(customer, file, now))
    key = checkpoints.public_key(secrets)
    with tenant(customer):
        held = [
            verifier.statement_of(one.line().encode(), held=True)
            for one in audit_statements.of_this_customer()
        ]
    bytes_each = len(file.getvalue()) // COUNT

    def verify() -> None:
        file.seek(0)
        assert verifier.verify(file, key, held).covered == COUNT

    def hash_only() -> None:
        file.seek(0)
        for line in file:
            sha256(line).digest()

    cpu = min(measured("stand-alone verifier", COUNT, verify)[1] for _ in range(5))
    bare = min(measured("limit: SHA-256 of each line", COUNT, hash_only)[1] for _ in range(3))
    console.print(table)
    console.print(f"{bytes_each} bytes an entry; the verifier costs {cpu / bare:.1f} x the limit")
    verdict = "REACHED" if seal <= ingest else "MISSED"
    console.print(f"{verdict}: sealing takes {seal / ingest:.2f} x the time of recording")
    verdict = "REACHED" if COUNT / cpu >= TARGET_RATE else "MISSED"
    console.print(f"{verdict}: {COUNT / cpu:,.0f} entries/s of one core (wanted: {TARGET_RATE:,})")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="nostro-bench-") as home:
        for name in [name for name in os.environ if name.startswith("NOSTRO_")]:
            del os.environ[name]
        os.environ["NOSTRO_HOME"] = home
        try:
            main()
        finally:
            from nostro import app

            app.leave()
