"""How fast statements come in, beside a staged COPY of the same rows in the same run.

    make bench-ingest                 1,000,000 lines
    LINES=100000 make bench-ingest

In a fresh installation: a made-up MT940 of one statement is kept, read, checked, de-duplicated
and stored durably, 10,000 lines a transaction, row-level security on (nostro.workflows.
statement_files, up to where its lines are explained). Then the rows that it made are written to
another customer's tables by nothing but COPY into a temporary table and INSERT ... SELECT, in the
same portions: the limit of this way of storing. Both are repeated ROUNDS times, one after the
other; then the same file comes again, and must change nothing. The part that explains the lines
(own payments, open items) is told beside: it is no part of either.
"""

from __future__ import annotations

import hashlib
import json
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "bench")]
from payments import START, STOP, python  # noqa: E402

LINES = int(os.environ.get("LINES", "1000000"))
ROUNDS = int(os.environ.get("ROUNDS", "2"))
REACH = 0.70
console = Console(width=120)
Spent = tuple[float, float, float]


def mt940(path: Path, account: str, lines: int) -> None:
    """One statement of that many lines; every third is money out, every fiftieth a plain fee."""
    total, opening = 0, 100_000
    with path.open("w") as out:
        out.write(f":20:STMT\n:25:{account}\n:28C:1/1\n:60F:C261115EUR1000,00\n")
        for number in range(lines):
            if number % 50 == 0:
                total -= 150
                out.write(":61:2611161116D1,50NCHGNONREF\n:86:808?00FEE?20Transfer fee\n")
                continue
            minor = (number * 7919) % 99_991 + 1
            sign = "D" if number % 3 == 0 else "C"
            total += minor if sign == "C" else -minor
            out.write(
                f":61:2611161116{sign}{minor // 100},{minor % 100:02}NTRFREF{number}//BR{number}\n"
                f":86:166?00TRANSFER?20EREF+E2E{number}?21SVWZ+Invoice {number} of a customer"
                f"?30MOCKNL2A?31NL20INGB0001234567?32Payer number {number % 5000}\n"
            )
        closing = opening + total
        sign = "C" if closing >= 0 else "D"
        out.write(f":62F:{sign}261116EUR{abs(closing) // 100},{abs(closing) % 100:02}\n-\n")


def customer(code: str, number: int, folder: Path) -> tuple[UUID, UUID, str]:
    """A customer with one account; its id, the account's and its IBAN."""
    from payment_runs import iban

    from nostro import app
    from nostro.domain.party import Account, LegalEntity, PostalAddress
    from nostro.storage import parties
    from nostro.storage.tenancy import tenant

    new = app.start().ids.new
    tenant_id, account_id, entity_id, connection_id = new(), new(), new(), new()
    partner = parties.create_partner(new(), f"Bench {code}")
    parties.create_customer(tenant_id, partner, name=code, code=code)
    where = {"drop_folder": str(folder), "pickup_folder": str(folder / "none")}
    with tenant(tenant_id):
        parties.create_connection(connection_id, "Bank", "host_folder", where)
        address = PostalAddress(town="Utrecht", country="NL")
        parties.create_entity(
            LegalEntity(
                id=str(entity_id), code="NL", name="Bench B.V.", functional_currency="EUR",
                address=address, receivables_account="1300",
            )
        )  # fmt: skip
        parties.create_account(
            Account(
                id=str(account_id), legal_entity_id=str(entity_id),
                connection_id=str(connection_id), name="EUR", iban=iban(number), bic="MOCKNL2A",
                currency="EUR", ledger_account="1800", clearing_account="1900",
            )
        )  # fmt: skip
    return tenant_id, account_id, iban(number)


def spent() -> Spent:
    """Now: by the clock; CPU seconds of this process; CPU seconds of PostgreSQL, all its processes
    and those that have ended. On a machine that others share only the CPU can be compared."""
    head = _postmaster()
    database = sum(_ticks(head, 4))
    for one in Path(f"/proc/{head}/task/{head}/children").read_text().split():
        with suppress(OSError):  # It ended meanwhile: the first of them counts it now.
            database += sum(_ticks(one, 2))
    return time.perf_counter(), time.process_time(), database / os.sysconf("SC_CLK_TCK")


@cache
def _postmaster() -> str:
    """The process that all of PostgreSQL's are children of."""
    from django.db import connections

    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (backend,) = cursor.fetchone()
    return Path(f"/proc/{backend}/stat").read_text().rpartition(")")[2].split()[1]


def _ticks(process: str, fields: int) -> list[int]:
    """CPU of a process, as user and as system; then of its ended children."""
    told = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return [int(part) for part in told[11 : 11 + fields]]


def since(before: Spent, after: Spent) -> Spent:
    return after[0] - before[0], after[1] - before[1], after[2] - before[2]


def ours(tenant_id: UUID, path: Path) -> tuple[dict[str, Spent], UUID]:
    """The file taken in: what was spent until it is stored, and until it is explained."""
    from nostro import app, formats
    from nostro.domain.event import Actor
    from nostro.workflows import arrival, statement_files
    from nostro.workflows.context import Acting

    world = app.start()
    actor = Actor(kind="terminal", id="bench", name="bench")
    acting = Acting(tenant_id=tenant_id, actor=actor, world=world)
    marks: list[Spent] = []
    begun = spent()
    with path.open("rb") as stream:
        form, kept = arrival.keep_stream(acting, path.name, stream)
    kept_after = spent()
    told = statement_files.take(
        acting, kept, form, formats.Profile(), lambda _lines: marks.append(spent())
    )
    whole = spent()
    stored = marks[-1] if marks else whole
    if told.state != statement_files.DONE or told.lines_done != LINES:
        raise SystemExit(f"{told.lines_done} of {LINES} lines came in: {told.state}")
    parts = {
        "kept": since(begun, kept_after),
        "stored": since(begun, stored),
        "explained": since(stored, whole),
    }
    return parts, kept


def portions(tenant_id: UUID, of: UUID, size: int) -> Iterator[list[tuple[Any, ...]]]:
    """The rows that a customer's file made, as those of another customer."""
    from django.db import connections

    from nostro.storage import models
    from nostro.storage.tenancy import tenant

    columns = [field.column for field in models.BankTransaction._meta.concrete_fields]
    last = 0
    while True:
        with tenant(of), connections["default"].cursor() as cursor:
            cursor.execute(
                f"SELECT {', '.join(columns)} FROM bank_transaction WHERE line > %s AND line <= %s",  # noqa: S608
                [last, last + size],
            )
            rows = cursor.fetchall()
        if not rows:
            return
        last += size
        yield rows


def state(tenant_id: UUID) -> str:
    """A digest of everything that a customer's statements made."""
    from django.db import connections

    from nostro.storage.tenancy import tenant

    total = hashlib.sha256()
    tables = ("statement", "balance", "bank_transaction", "repeated_line", "event", "case_file")
    with tenant(tenant_id), connections["default"].cursor() as cursor:
        for table in tables:
            cursor.execute(f"SELECT md5(string_agg(md5(t::text), '' ORDER BY t.id)) FROM {table} t")  # noqa: S608
            total.update(str(cursor.fetchone()[0]).encode())
    return total.hexdigest()


def limit(source: UUID, target: tuple[UUID, UUID, str]) -> Spent:
    """What nothing but COPY and INSERT of the same rows costs, from rows that are in memory."""
    from django.db import connections
    from psycopg import sql

    from nostro import app
    from nostro.storage import models
    from nostro.storage.tenancy import tenant
    from nostro.workflows.statement_portions import PORTION

    tenant_id, account_id, _ = target
    new_id = app.start().ids.new
    with tenant(source):
        head = models.Statement.objects.values().get()
        kept = models.Evidence.objects.values().get(id=head["evidence_id"])
    with tenant(tenant_id):
        models.Evidence.objects.create(**{**kept, "tenant_id": tenant_id})
        told = {**head, "tenant_id": tenant_id, "account_id": account_id}
        models.Statement.objects.create(**told)
    columns = [field.column for field in models.BankTransaction._meta.concrete_fields]
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    place = {name: number for number, name in enumerate(columns)}
    total: list[Spent] = []
    for rows in portions(tenant_id, source, PORTION):
        lines = []
        for row in rows:
            told_row = list(row)
            told_row[place["id"]], told_row[place["tenant_id"]] = new_id(), tenant_id
            told_row[place["account_id"]] = account_id
            lines.append("\t".join(map(_text, told_row)))
        content = ("\n".join(lines) + "\n").encode()
        begun = spent()
        with tenant(tenant_id), connections["default"].cursor() as cursor:
            cursor.execute(
                sql.SQL(
                    "CREATE TEMPORARY TABLE staged ON COMMIT DROP AS"
                    " SELECT {} FROM bank_transaction LIMIT 0"
                ).format(names)
            )
            with cursor.cursor.copy(sql.SQL("COPY staged ({}) FROM STDIN").format(names)) as copy:
                copy.write(content)
            cursor.execute(
                sql.SQL(
                    "INSERT INTO bank_transaction ({}) SELECT {} FROM staged ON CONFLICT DO NOTHING"
                ).format(names, names)
            )
        total.append(since(begun, spent()))
    clock, own, database = (sum(part) for part in zip(*total, strict=True))
    return clock, own, database


def _text(value: Any) -> str:
    """A value as COPY reads it."""
    if value is None:
        return r"\N"
    told = json.dumps(value) if isinstance(value, list | dict) else str(value)
    return told.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def measured(home: Path) -> list[dict[str, Spent]]:
    """Rounds of ours and the limit, one after the other; then the same again."""
    found = []
    for number in range(ROUNDS):
        console.print(f"[dim]round {number + 1}: {LINES:,} lines ...[/]")
        source = customer(f"INGEST{number}", 2 * number + 1, home)
        target = customer(f"LIMIT{number}", 2 * number + 2, home)
        path = home / f"statement-{number}.sta"
        mt940(path, source[2], LINES)
        told, _ = ours(source[0], path)
        before = state(source[0])
        begun = spent()
        ours(source[0], path)
        told["again"] = since(begun, spent())
        if state(source[0]) != before:
            raise SystemExit("the same file again changed something")
        told["limit"] = limit(source[0], target)
        found.append(told)
        path.unlink()
    return found


def tell(found: list[dict[str, Spent]]) -> bool:
    table = Table("seconds", *(f"round {number + 1}" for number in range(len(found))))
    parts = {
        "kept, read, checked, de-duplicated, stored": "stored",
        "  of it: the bytes kept": "kept",
        "staged COPY of the same rows": "limit",
        "explained (not counted)": "explained",
        "the same file again": "again",
    }
    for name, key in parts.items():
        table.add_row(name, *(_seconds(one[key]) for one in found))
    for name, key in (("lines/s, ours", "stored"), ("lines/s, staged COPY", "limit")):
        table.add_row(name, *(f"{LINES / one[key][0]:,.0f}" for one in found))
    shares = [one["limit"][0] / one["stored"][0] for one in found]
    table.add_row("share by the clock", *(f"{share:.0%}" for share in shares))
    by_cpu = [one["limit"][2] / max(one["stored"][1:]) for one in found]
    table.add_row("share if both had a core each", *(f"{share:.0%}" for share in by_cpu))
    console.print(table)
    console.print("Each: by the clock (CPU of our process + CPU of PostgreSQL).")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    console.print(f"Peak memory {peak:.0f} MB. The same file again changed nothing, byte for byte.")
    best = max(shares)
    word = "REACHED" if best >= REACH else "MISSED"
    console.print(f"{word}: {best:.0%} of the staged COPY (wanted: at least {REACH:.0%}).")
    return best >= REACH


def _seconds(told: Spent) -> str:
    return f"{told[0]:.1f} ({told[1]:.1f} + {told[2]:.1f})"


def main() -> None:
    if len(sys.argv) > 1:
        home = Path(sys.argv[1])
        from nostro import app

        app.start()
        tell(measured(home))
        return
    home = Path(tempfile.mkdtemp(prefix="nostro-bench-ingest-"))
    try:
        python(home, "-c", START)
        python(home, "-m", "nostro", "migrate")
        print(python(home, __file__, str(home)), end="")
    finally:
        python(home, "-c", STOP)
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
