"""How long a day's 1,000 lines take against many open items in PostgreSQL, row-level security on.

    make bench-matching-day                  100,000 and 1,000,000 open items
    SIZES=10000 make bench-matching-day      other sizes
    SQL_LINES=0 make bench-matching-day      without the rule that is run line by line

In a fresh installation. The open items of a made-up world (bench/matching_world) are told as an ERP
tells them, with their keys; then batches of consecutive receipts are looked up by their keys and
decided by the stages (workflows.receipt_matching): what is timed is that, until there are
proposals; what is written then grows with the lines only. Beside it, some lines of the same batches
by the usual rule: one regular expression over all open items a line. No rate here is a field rate.
"""

from __future__ import annotations

import csv
import os
import re
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "bench")]

SIZES = [int(size) for size in os.environ.get("SIZES", "100000,1000000").split(",")]
BATCH, BATCHES = 1_000, int(os.environ.get("BATCHES", "7"))
SQL_LINES = int(os.environ.get("SQL_LINES", "3"))
PORTION = 10_000
OURS = ("own_payment", "payment_batch")
KINDS = {"credit_note", "expected_payment", "psp_payout"}
console = Console(width=110)
# As in matching_runs: the digits of each open item, or the number itself in the text.
PER_LINE = r"""
SELECT count(*) FROM open_item WHERE open_minor <> 0 AND (
    regexp_split_to_array(substring(regexp_replace(document, '[^0-9\s]', '', 'g'),
        '\S(?:.*\S)*'), '\s+') && %s::text[]
    OR %s ILIKE '%%' || document || '%%')
"""


def rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def items(folder: Path) -> Iterator[tuple[str, Any]]:
    """Each open item with the source that tells it."""
    from nostro.domain.money import Money
    from nostro.domain.open_item import DiscountTerm, ItemKind, OpenItem

    for row in rows(folder / "open_items.csv"):
        if row["kind"] in OURS or not row["due_date"]:
            continue
        until = row["discount_until"]
        discount = Money.parse(row["discount_amount"] or "0", row["currency"])
        yield row["entity"], OpenItem(
            id="", entity_code="NL", document=row["number"] or row["id"],
            customer_number=row["party_id"], customer_name=row["party_name"],
            open_amount=Money.parse(row["open_amount"], row["currency"]),
            due_date=date.fromisoformat(row["due_date"]),
            payer_iban=row["party_ibans"].partition(" ")[0], parent_number=row["parent_party_id"],
            kind=ItemKind(row["kind"]) if row["kind"] in KINDS else ItemKind.INVOICE,
            issue_date=date.fromisoformat(row["issue_date"]) if row["issue_date"] else None,
            references=tuple(row["references"].split()[:20]),
            discount=DiscountTerm(amount=discount, until=date.fromisoformat(until))
            if until else None,
        )  # fmt: skip


def lines(folder: Path) -> Iterator[Any]:
    """Money in, by day, as statements tell it."""
    from nostro.domain.money import Money
    from nostro.matching.booking import Line

    for row in rows(folder / "transactions.csv"):
        amount = Money.parse(row["amount"], row["currency"])
        if amount.minor > 0 and row["status"] != "pending":
            yield Line(
                id=row["id"], amount=amount, end_to_end_id=row["end_to_end_id"],
                payment_information_id="", batch_count=0,
                counterparty_iban=row["counterparty_iban"],
                counterparty_name=row["counterparty_name"],
                remittance=f"{row['remittance']} {row['structured_reference']}".strip(),
                booked=date.fromisoformat(row["booking_date"]),
            )  # fmt: skip


def tell(tenant_id: UUID, folder: Path) -> tuple[int, float]:
    """The items taken in; how many, and seconds."""
    from nostro import app
    from nostro.storage import open_items
    from nostro.storage.open_items import Telling
    from nostro.storage.tenancy import tenant

    told_at, begun, count = datetime(2026, 1, 1, tzinfo=UTC), time.perf_counter(), 0
    by_source: dict[str, list[Any]] = {}

    def take(source: str) -> int:
        portion = by_source.pop(source, [])
        with tenant(tenant_id):
            open_items.take(Telling(source=source, told_at=told_at), portion, app.start().ids.new)
        return len(portion)

    for source, item in items(folder):
        mine = by_source.setdefault(source, [])
        mine.append(item)
        if len(mine) >= PORTION:
            count += take(source)
    count += sum(take(source) for source in list(by_source))
    return count, time.perf_counter() - begun


def batches(folder: Path) -> list[list[Any]]:
    """Consecutive receipts from all over the months."""
    every = list(lines(folder))
    step = max(BATCH, (len(every) - BATCH) // BATCHES)
    return [every[start : start + BATCH] for start in range(0, len(every), step)][:BATCHES]


def measure(tenant_id: UUID, account: Any, folder: Path) -> dict[str, Any]:
    from django.db import connections

    from nostro.matching.stages.confidence import TARGET, Model
    from nostro.storage.tenancy import tenant
    from nostro.workflows import receipt_matching

    seconds, statuses, per_line = [], {"post": 0, "suggest": 0, "ambiguous": 0}, []
    days = batches(folder)
    with tenant(tenant_id):
        receipt_matching.propose(account, days[0], Model(), TARGET)  # Once to warm up.
        for day in days:
            begun = time.perf_counter()
            found = receipt_matching.propose(account, day, Model(), TARGET)
            seconds.append(time.perf_counter() - begun)
            first = {one.transaction_id: one.status.value for one in reversed(found)}
            for status in first.values():
                statuses[status] += 1
        with connections["default"].cursor() as cursor:
            for line in islice(days[0], SQL_LINES):
                digits = re.findall(r"\d{4,}", line.remittance)
                begun = time.perf_counter()
                cursor.execute(PER_LINE, [digits, line.remittance])
                cursor.fetchall()
                per_line.append(time.perf_counter() - begun)
    ordered = sorted(seconds)
    return {
        "lines": sum(map(len, days)), "p50": statistics.median(ordered), "p95": ordered[-1],
        "statuses": statuses, "per_line": statistics.median(per_line) if per_line else 0.0,
    }  # fmt: skip


def main() -> None:
    if len(sys.argv) > 1:
        from nostro import app

        app.start()
        print("|".join(one(int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]))))
        return
    from matching import world
    from payments import START, STOP, python

    told = Table("open items", "told in s", "1,000 lines p50", "slowest", "post", "suggest",
                 "ambiguous", "per-line SQL, 1,000 lines")  # fmt: skip
    for size in SIZES:
        folder, home = world(size, 2), Path(tempfile.mkdtemp(prefix="nostro-bench-day-"))
        try:
            python(home, "-c", START)
            python(home, "-m", "nostro", "migrate")
            said = python(home, __file__, str(size), str(folder), str(home))
            told.add_row(*said.strip().splitlines()[-1].split("|"))
        finally:
            python(home, "-c", STOP)
            shutil.rmtree(home, ignore_errors=True)
    console.print(told)


def one(size: int, folder: Path, home: Path) -> list[str]:
    from ingest import customer

    from nostro.storage import parties
    from nostro.storage.tenancy import tenant

    tenant_id, account_id, _ = customer(f"D{size}", size % 997, home)
    with tenant(tenant_id):
        account = next(one for one in parties.accounts() if one.id == str(account_id))
    count, seconds = tell(tenant_id, folder)
    _analyze()
    found = measure(tenant_id, account, folder)
    shares = [f"{part * 100 // found['lines']} %" for part in found["statuses"].values()]
    return [
        f"{count:,}", f"{seconds:.0f}", f"{found['p50'] * 1000:.0f} ms",
        f"{found['p95'] * 1000:.0f} ms", *shares, f"{found['per_line'] * 1000:.0f} s",
    ]  # fmt: skip


def _analyze() -> None:
    """What autovacuum does minutes later."""
    from django.db import connections

    with connections["owner"].cursor() as cursor:
        cursor.execute("ANALYZE open_item, open_item_key, payer_key")


if __name__ == "__main__":
    main()
